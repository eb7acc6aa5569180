"""A filter by shop price finds exactly the offers whose shown price lies inside it."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from billing.pricing.queries import cheapest_listed, dearest_listed, hourly
from shared_apps.kernel.money import Money

STEP = Decimal("0.000001")

listed = st.decimals(
    min_value=STEP, max_value=Decimal(100_000), places=6, allow_nan=False, allow_infinity=False
)
percents = st.decimals(
    min_value=Decimal("0.0001"),
    max_value=Decimal(1000),
    places=4,
    allow_nan=False,
    allow_infinity=False,
)


@given(listed, percents, st.integers(-2, 2))
def test_both_ends_agree_with_the_price_that_is_shown(
    list_hourly: Decimal, percent: Decimal, fen: int
) -> None:
    shown = hourly(list_hourly, percent)
    end = Money(max(shown.minor + fen, 0))
    assert (list_hourly >= cheapest_listed(end, percent)) == (shown >= end)
    assert (list_hourly <= dearest_listed(end, percent)) == (shown <= end)


@given(percents, st.integers(0, 10_000_000))
def test_the_ends_leave_no_gap(percent: Decimal, minor: int) -> None:
    """What is dearer than an amount begins one step above what is at most that amount."""
    assert (
        cheapest_listed(Money(minor + 1), percent) == dearest_listed(Money(minor), percent) + STEP
    )
