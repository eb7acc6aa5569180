from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.invoicing.tax import _SIGNS, net_of, tax_number_holds

from .conftest import TAX_NUMBER


def test_the_example_of_the_standard_holds() -> None:
    assert tax_number_holds(TAX_NUMBER)


@pytest.mark.parametrize("place", range(18))
def test_one_wrong_sign_anywhere_is_seen(place: int) -> None:
    for sign in _SIGNS:
        if sign != TAX_NUMBER[place]:
            assert not tax_number_holds(TAX_NUMBER[:place] + sign + TAX_NUMBER[place + 1 :])


@pytest.mark.parametrize("text", ["", "9135", TAX_NUMBER + "0", "I" * 18, TAX_NUMBER.lower()])
def test_what_is_no_tax_number_does_not_hold(text: str) -> None:
    assert not tax_number_holds(text)


def test_the_tax_is_split_to_the_fen() -> None:
    assert net_of(10600, Decimal(6)) == 10000
    assert net_of(10000, Decimal(6)) == 9434  # 94.3396… , 税额 5.66
    assert net_of(1, Decimal(6)) == 1
    assert net_of(12345, Decimal(0)) == 12345


@given(st.integers(1, 10**13), st.sampled_from(["0", "1", "3", "6", "9", "13"]))
def test_net_and_tax_are_never_negative_and_the_net_is_the_nearest(gross: int, rate: str) -> None:
    net = net_of(gross, Decimal(rate))
    assert 0 <= net <= gross
    assert abs(Decimal(net) * (100 + Decimal(rate)) / 100 - gross) <= ((100 + Decimal(rate)) / 200)
