"""Ways of buying that follow from the price on demand: by what factor, and in what steps of time.

All prices stand per hour, so that one arithmetic serves every way: a month is 30 days of 24 hours, and
a whole number of them is sold.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from .enums import PlanKind

HOURS_OF_MONTH = 720
FACTORS: dict[str, Decimal] = {
    PlanKind.MONTHLY: Decimal("0.85"),
    PlanKind.POSTPAID: Decimal("1.10"),
}
_STEP = Decimal("0.000001")


def step_hours(kind: str) -> int:
    """Hours are sold in whole multiples of this."""
    return HOURS_OF_MONTH if kind == PlanKind.MONTHLY else 1


def derived_hourly(list_hourly: Decimal, kind: str) -> Decimal:
    """The list price of a way of buying, from the list price on demand; half up, once."""
    return (list_hourly * FACTORS[kind]).quantize(_STEP, ROUND_HALF_UP)
