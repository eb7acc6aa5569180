"""What a broken connection says: that nothing was sent, or that nobody knows."""

from __future__ import annotations

import requests
from urllib3.exceptions import NewConnectionError

from shared_apps.kernel.errors import OutcomeUnknown, ProviderError


def broken(error: Exception) -> ProviderError:
    """The error to raise for one of `requests`: refused outright only if no byte went out."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(error, requests.ConnectTimeout) or isinstance(reason, NewConnectionError):
        return ProviderError(permanent=False, detail="The request was not sent.")
    return OutcomeUnknown(detail=f"No answer: {type(error).__name__}")
