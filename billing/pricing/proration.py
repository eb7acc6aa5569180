"""The one rule by which time that is not a whole hour is priced: by the second.

Hours are the seconds divided by 3600, to six places; the price is the hourly price of the shop times these
hours, to the fen; each is rounded once, half up. The database reckons every level's part from the same hours.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from shared_apps.kernel.money import Money, charge

_STEP = Decimal("0.000001")
_HOUR = Decimal(3600)


def hours_of(starts_at: datetime, ends_at: datetime) -> Decimal:
    """The hours of the half-open [starts_at, ends_at)."""
    if ends_at <= starts_at:
        raise ValueError("No time passed.")
    microseconds = (ends_at - starts_at) // timedelta(microseconds=1)
    return (Decimal(microseconds) / 1_000_000 / _HOUR).quantize(_STEP, ROUND_HALF_UP)


def prorated(hourly: Money, hours: Decimal) -> Money:
    return charge(hourly.decimal, hours, hourly.currency)
