"""Times as the providers write them: Chinese wall-clock time, no zone in the text."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8))
_FORMAT = "%Y-%m-%d %H:%M:%S"
_SPAN = re.compile(r"([1-9]\d*)([mhdc])")
_SECONDS = {"m": 60, "h": 3600, "d": 86400}


def china_text(moment: float) -> str:
    return datetime.fromtimestamp(moment, CHINA).strftime(_FORMAT)


def china_moment(text: str) -> float:
    """Raises ValueError on anything but yyyy-MM-dd HH:mm:ss."""
    return datetime.strptime(text, _FORMAT).replace(tzinfo=CHINA).timestamp()


def span_seconds(text: str, *, now: float) -> float:
    """A timeout such as 30m, 2h, 1d, or 1c (the end of today); raises ValueError."""
    match = _SPAN.fullmatch(text)
    if match is None:
        raise ValueError(text)
    count, unit = int(match[1]), match[2]
    if unit == "c":
        today = datetime.fromtimestamp(now, CHINA).replace(hour=0, minute=0, second=0)
        return (today + timedelta(days=1)).timestamp() - now
    return float(count * _SECONDS[unit])


def rfc3339(moment: float) -> str:
    return datetime.fromtimestamp(moment, CHINA).isoformat(timespec="seconds")


def rfc3339_moment(text: str) -> float:
    """Raises ValueError on anything but a time with its zone."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(text)
    return found.timestamp()
