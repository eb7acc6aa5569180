"""From the list price to the price on the shelf."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from shared_apps.kernel.money import Money, charge

from .errors import NoRetailPrice
from .models import RetailRule

HUNDRED = Decimal(100)


def retail_percent(*, at: datetime) -> Decimal:
    """The shop's percent of the list price in force at a moment. One query."""
    percent = (
        RetailRule.objects.filter(valid__contains=at).values_list("retail_percent", flat=True).first()
    )
    if percent is None:
        raise NoRetailPrice
    return percent


def hourly(list_hourly: Decimal, percent: Decimal) -> Money:
    """The price of one hour, to the fen: the unit that is shown, multiplied and charged."""
    return charge(list_hourly * percent / HUNDRED, Decimal(1))


def list_bound(retail: Decimal, percent: Decimal) -> Decimal:
    """The list price that a shop's price stands for: for filters, which work on list prices."""
    return retail * HUNDRED / percent
