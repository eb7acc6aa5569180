"""Every provider's bill of a day, true and false, over the real sandbox process."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from billing.payments.gateways.base import BillKind, BillMissing
from shared_apps.kernel import clock
from shared_apps.kernel.errors import OutcomeUnknown
from shared_apps.kernel.ids import number as new_number
from shared_apps.kernel.money import Money
from tests.contracts.sides import AMOUNT, PARTIAL, Side


class TestBills:
    def test_it_has_every_payment_and_refund_to_the_fen(self, side: Side, number: str) -> None:
        side.buy(number)
        request_no = new_number("R")
        side.refund(number, request_no, PARTIAL)
        trade = side.gateway.query(number=number, ref=side.ref(number))
        bill = side.gateway.daily_bill(day=side.today())
        assert bill.day == side.today()
        paid, back = sorted(
            (line for line in bill.lines if line.number == number), key=lambda line: line.kind
        )
        assert (paid.kind, paid.amount, paid.request_no) == (BillKind.PAYMENT, AMOUNT, "")
        assert (back.kind, back.amount, back.request_no) == (BillKind.REFUND, PARTIAL, request_no)
        assert paid.provider_trade_no == back.provider_trade_no == trade.provider_trade_no
        assert paid.fee == side.fee
        assert back.fee == (Money.zero() if side.name == "stripe" else -Money.of("0.17"))
        assert abs(paid.at - clock.now()) < timedelta(seconds=30)

    @pytest.mark.parametrize("name", ["alipay", "wechat"])
    def test_a_day_without_a_bill_is_said_so(
        self, open_side: Callable[[str], Side], number: str, name: str
    ) -> None:
        side = open_side(name)
        with pytest.raises(BillMissing):
            side.gateway.daily_bill(day=side.today() - timedelta(days=400))
        side.buy(number)
        side.sandbox.fault(name, "bill_not_ready")
        with pytest.raises(BillMissing):
            side.gateway.daily_bill(day=side.today())
        assert side.gateway.daily_bill(day=side.today()).lines

    @pytest.mark.parametrize("name", ["alipay", "wechat"])
    def test_a_bill_can_be_wrong_in_three_ways(
        self, open_side: Callable[[str], Side], number: str, name: str
    ) -> None:
        side = open_side(name)
        side.buy(number)
        true = {
            line.number: line.amount for line in side.gateway.daily_bill(day=side.today()).lines
        }
        found = {}
        for fault in ("bill_lacks", "bill_adds", "bill_differs"):
            side.sandbox.fault(name, fault, out_trade_no=number)
            lines = side.gateway.daily_bill(day=side.today()).lines
            found[fault] = {line.number: line.amount for line in lines}
        assert found["bill_lacks"] == {k: v for k, v in true.items() if k != number}
        assert found["bill_adds"] == true | {"STRANGER1": AMOUNT}
        assert found["bill_differs"] == true | {number: AMOUNT + Money(1)}

    def test_a_day_without_payments_is_empty_at_stripe(
        self, open_side: Callable[[str], Side]
    ) -> None:
        side = open_side("stripe")
        assert side.gateway.daily_bill(day=side.today() - timedelta(days=400)).lines == ()


def test_wechats_bill_of_another_hash_is_not_read(
    open_side: Callable[[str], Side], number: str
) -> None:
    side = open_side("wechat")
    side.buy(number)
    side.sandbox.fault("wechat", "bill_altered")
    with pytest.raises(OutcomeUnknown) as error:
        side.gateway.daily_bill(day=side.today())
    assert "hash differs" in error.value.detail
