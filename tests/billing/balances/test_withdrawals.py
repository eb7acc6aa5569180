"""Paid money goes back to the payments it came from, the newest first, and what cannot goes by bank."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from billing.balances.errors import BankAccountNeeded, NotWithdrawable
from billing.balances.models import BankPayout, Hold
from billing.balances.queries import balance_of
from billing.balances.services.payouts import BankAccount
from billing.payments.enums import RefundState
from billing.payments.gateways.base import GatewayTrade, TradeState
from billing.payments.models import MerchantAccount, Payment, PaymentIntent, Refund
from billing.payments.services import intents, refunds, withdrawals
from billing.payments.services.accounts import connect_account
from billing.payments.ways_back import plan
from shared_apps.distributors.models import Distributor
from shared_apps.kernel import clock
from shared_apps.kernel.money import Money
from tenant_apps.customers import handlers
from tenant_apps.customers.models import Customer, Notice
from tests import world
from tests.billing.balances.purses import GIFTED, PAID, fill, judge, party, used
from tests.conftest import Inside
from tests.sandbox_process import new_key_pair

NOW = clock.now()
BANK = BankAccount("招商银行", "海港客户", "6225880123456789")


@pytest.fixture
def who(db: None, harbour: Distributor, inside: Inside) -> Iterator[Customer]:
    with inside(harbour):
        private, public = new_key_pair()
        connect_account(
            provider="ALIPAY",
            app_id="2021000000000001",
            seller_id="2088000000000001",
            settings={"provider_public_key": public},
            secret={"private_key": private},
        )
        who = world.customer()
        yield who
        judge(who)


def paid(who: Customer, amount: str, *, at: datetime = NOW) -> Payment:
    """An online recharge, as the provider's word makes it."""
    number = f"P{PaymentIntent.objects.count()}"
    intent = PaymentIntent.objects.create(
        number=number,
        account=MerchantAccount.objects.get(),
        method="ALIPAY_PAGE",
        customer_id=who.public_id,
        subject="账户充值",
        amount_minor=Money.of(amount).minor,
        expires_at=at + timedelta(minutes=30),
    )
    trade = GatewayTrade(
        number=number,
        state=TradeState.PAID,
        amount=intent.amount,
        provider_trade_no=f"T{number}",
        paid_at=at,
    )
    assert intents.succeed(number=number, trade=trade, at=at)
    return Payment.objects.get(intent=intent)


def withdraw(
    who: Customer, amount: str, bank: BankAccount | None = None
) -> tuple[list[Refund], BankPayout | None]:
    return withdrawals.request(
        customer=party(who), amount=Money.of(amount), bank=bank, by=who.user, at=NOW
    )


def test_the_newest_payment_is_refunded_first(who: Customer) -> None:
    first, second = paid(who, "100.00"), paid(who, "50.00")
    sent, payout = withdraw(who, "70.00")
    assert payout is None
    told = [(refund.payment_id, refund.amount_minor) for refund in sent]
    assert told == [(second.pk, 5000), (first.pk, 2000)]
    balance = balance_of(customer_id=who.public_id)
    assert (balance.paid, balance.held) == (Money.of("80.00"), Money.of("70.00"))
    for refund in sent:
        assert used(refund.public_id, "HOLD") == [("PAID", str(Money(refund.amount_minor)))]
        lot = Hold.objects.get(subject_id=refund.public_id).uses.get().lot
        assert lot.origin_id == refund.payment.public_id


def test_given_money_and_more_than_was_paid_stay(who: Customer) -> None:
    paid(who, "10.00")
    fill(who, GIFTED, "90.00", at=NOW)
    for amount in ("10.01", "100.00", "0", "-1"):
        with pytest.raises(NotWithdrawable):
            withdraw(who, amount, BANK)
    assert not Refund.objects.exists()
    assert not BankPayout.objects.exists()


def test_what_came_by_bank_goes_by_bank(who: Customer) -> None:
    fill(who, PAID, "30.00")
    paid(who, "20.00")
    with pytest.raises(BankAccountNeeded):
        withdraw(who, "35.00")
    assert not Hold.objects.exists()
    sent, payout = withdraw(who, "35.00", BANK)
    assert [refund.amount_minor for refund in sent] == [2000]
    assert payout is not None
    assert payout.amount == Money.of("15.00")
    bank_lot = Hold.objects.get(subject_id=payout.public_id).uses.get().lot
    assert bank_lot.left == Money.of("15.00")


def test_what_was_spent_of_a_payment_does_not_go_back_to_it(who: Customer) -> None:
    payment = paid(who, "20.00")
    refunds.request(payment=payment, amount=Money.of("5.00"), reason="退款", at=NOW)
    way = plan(customer_id=who.public_id)
    assert (way.paid, way.online, way.by_bank) == (
        Money.of("15.00"),
        Money.of("15.00"),
        Money.zero(),
    )


def test_what_the_provider_refuses_stays_and_goes_by_bank_next_time(who: Customer) -> None:
    payment = paid(who, "20.00")
    (refund,), _payout = withdraw(who, "20.00")
    refunds._fail(refund.number, "超过可退期限", NOW)
    refund.refresh_from_db()
    payment.refresh_from_db()
    assert (refund.state, payment.refunded_minor) == (RefundState.FAILED, 0)
    assert balance_of(customer_id=who.public_id).paid == Money.of("20.00")
    for _ in range(2):
        handlers.refund_failed({"number": refund.number})
    assert Notice.objects.get().title == "原路退款未成功"
    way = plan(customer_id=who.public_id)
    assert (way.online, way.by_bank) == (Money.zero(), Money.of("20.00"))
    sent, payout = withdraw(who, "20.00", BANK)
    assert sent == []
    assert payout is not None
