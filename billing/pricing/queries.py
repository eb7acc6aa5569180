"""From the list price to the price on the shelf."""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_CEILING, Decimal, localcontext

from shared_apps.kernel.money import Money, charge

from .errors import NoRetailPrice
from .models import RetailRule

HUNDRED = Decimal(100)
_HALF_FEN = Decimal("0.005")
_STEP = Decimal("0.000001")  # of list prices


def retail_percent(*, at: datetime) -> Decimal:
    """The shop's percent of the list price in force at a moment. One query."""
    percent = (
        RetailRule.objects.filter(valid__contains=at)
        .values_list("retail_percent", flat=True)
        .first()
    )
    if percent is None:
        raise NoRetailPrice
    return percent


def rules() -> list[RetailRule]:
    """Every percent the shop has had or will have, newest first."""
    return list(RetailRule.objects.order_by("-valid"))


def hourly(list_hourly: Decimal, percent: Decimal) -> Money:
    """The price of one hour, to the fen: the unit that is shown, multiplied and charged."""
    return charge(list_hourly * percent / HUNDRED, Decimal(1))


def cheapest_listed(at_least: Money, percent: Decimal) -> Decimal:
    """The lowest list price that `hourly` makes at least this much: the lower end of a price filter."""
    with localcontext(prec=60):
        bound = (at_least.decimal - _HALF_FEN) * HUNDRED / percent
        return max(bound.quantize(_STEP, ROUND_CEILING), Decimal(0))


def dearest_listed(at_most: Money, percent: Decimal) -> Decimal:
    """The highest list price that `hourly` makes at most this much: the upper end of a price filter."""
    with localcontext(prec=60):
        bound = (at_most.decimal + _HALF_FEN) * HUNDRED / percent
        return bound.quantize(_STEP, ROUND_CEILING) - _STEP
