"""Identifiers: public ids sort by time, numbers can be read out over the telephone."""

import secrets
import time
from datetime import datetime, timedelta
from uuid import UUID

from . import clock

# Crockford's base 32: no I, L, O, U.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CHINA = timedelta(hours=8)


def new_id() -> UUID:
    """A version 7 UUID (RFC 9562): 48 bits of milliseconds, then 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & ((1 << 48) - 1)) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=value)


def number(prefix: str, at: datetime | None = None) -> str:
    """A number for people: prefix, day in China, eight random signs (40 bits; keep it unique by constraint)."""
    day = (at or clock.now()) + _CHINA
    tail = "".join(secrets.choice(_ALPHABET) for _ in range(8))
    return f"{prefix}{day:%y%m%d}{tail}"


def schema_name() -> str:
    """A fresh tenant schema name, `^t_[0-9a-z]{8}$`; it says nothing of its owner."""
    return "t_" + "".join(secrets.choice(_ALPHABET.lower()) for _ in range(8))
