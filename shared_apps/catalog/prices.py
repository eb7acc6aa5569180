"""The one crossing from a supplier's currency to the list price."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from .models import FxRate

LIST_CURRENCY = "CNY"
_STEP = Decimal("0.000001")


def to_list_hourly(amount: Decimal, *, currency: str, fx: FxRate | None) -> Decimal:
    """Yuan per hour at a stored rate, rounded half up to six places; money is rounded later, once."""
    if currency == LIST_CURRENCY:
        return amount.quantize(_STEP, ROUND_HALF_UP)
    if fx is None or (fx.base, fx.quote) != (currency, LIST_CURRENCY):
        raise ValueError(f"No rate from {currency} to {LIST_CURRENCY}.")
    return (amount * fx.rate).quantize(_STEP, ROUND_HALF_UP)
