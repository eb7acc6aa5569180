"""Values that a visitor carries for us, signed. Signed on one site, they mean nothing on another.

The salt holds the purpose and the schema that we stand in, so a value made at one distributor's
shop, or for another use, is refused like a forged one.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core import signing
from django.utils.translation import gettext_lazy as _

from . import tenancy
from .errors import Invalid


class SignatureRefused(Invalid):
    """Forged, altered, too old, or signed elsewhere: the answer does not say which."""

    code = "signature.refused"
    sentence = _("链接或凭据已失效，请返回上一步重新操作。")


def _salt(purpose: str) -> str:
    return f"ncmatch.{purpose}:{tenancy.require()}"


def dumps(value: Any, *, purpose: str) -> str:
    """Signs plain JSON; readable by whoever holds it, so no secrets."""
    return signing.dumps(value, salt=_salt(purpose))


def loads(text: str, *, purpose: str, max_age: timedelta) -> Any:
    try:
        return signing.loads(text, salt=_salt(purpose), max_age=max_age)
    except signing.BadSignature as error:
        raise SignatureRefused from error
