"""How many texts one number may be sent, by all shops together.

allauth's own limits count within one shop; somebody could still walk from shop to shop to flood a
number. These counts stand in the shared plane's part of the cache.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.core.cache import cache

from shared_apps.kernel import tenancy

PER_HOUR = 12
PER_DAY = 30


def may_send(phone: str, *, at: datetime) -> bool:
    """Counts one more text to the number; False when it has had enough. Not inside a transaction."""
    name = hashlib.sha256(phone.encode()).hexdigest()
    with tenancy.shared():
        hour = _count(f"codes:hour:{at:%Y%m%d%H}:{name}", seconds=3600)
        day = _count(f"codes:day:{at:%Y%m%d}:{name}", seconds=86400)
    return hour <= PER_HOUR and day <= PER_DAY


def _count(key: str, *, seconds: int) -> int:
    if cache.add(key, 1, timeout=seconds):
        return 1
    try:
        return int(cache.incr(key))
    except ValueError:  # it ran out between the two
        cache.set(key, 1, timeout=seconds)
        return 1
