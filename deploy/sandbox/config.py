"""Everything the environment can say to the sandbox."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Config:
    """`port` and `smtp_port` may be 0: any free port, told in the ready line on stdout."""

    data: Path
    port: int
    smtp_port: int
    public_url: str
    osb_seconds: float
    notify_backoff: tuple[float, ...]
    sms_access_key_id: str
    sms_access_key_secret: str

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Config:
        backoff = environ.get("SANDBOX_NOTIFY_BACKOFF", "1,2,4,8,15,30,60")
        return cls(
            data=Path(environ.get("SANDBOX_DATA", ".sandbox")).resolve(),
            port=int(environ.get("SANDBOX_PORT", "8099")),
            smtp_port=int(environ.get("SANDBOX_SMTP_PORT", "8025")),
            public_url=environ.get("SANDBOX_PUBLIC_URL", "").rstrip("/"),
            osb_seconds=float(environ.get("SANDBOX_OSB_SECONDS", "2")),
            notify_backoff=tuple(float(part) for part in backoff.split(",") if part.strip()),
            sms_access_key_id=environ.get("SANDBOX_SMS_ACCESS_KEY_ID", "sandbox-key-id"),
            sms_access_key_secret=environ.get(
                "SANDBOX_SMS_ACCESS_KEY_SECRET", "sandbox-key-secret"
            ),
        )
