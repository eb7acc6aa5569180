"""Settings by which the outside world is the sandbox."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlsplit


def sandbox_settings(url: str | None) -> dict[str, Any]:
    if not url:
        return {}
    return {
        "SMS_ENDPOINT": urlsplit(url).netloc,
        "SMS_PROTOCOL": "http",
        "SMS_ACCESS_KEY_ID": "sandbox-key-id",
        "SMS_ACCESS_KEY_SECRET": "sandbox-key-secret",
        "EMAIL_HOST": "127.0.0.1",
        "EMAIL_PORT": int(os.environ.get("SANDBOX_SMTP_PORT") or _smtp_port()),
    }


def _smtp_port() -> int:
    from ncmatch import services

    return services.sandbox_smtp_port() or 25
