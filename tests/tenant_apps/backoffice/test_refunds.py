"""A refund that the provider refused, or has not settled: what staff see of it, and what they can do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from billing.balances.queries import CustomerBalance, balance_of
from billing.balances.services import holds
from billing.ledger.enums import PartyKind
from billing.ledger.models import Entry
from billing.ledger.parties import Party
from billing.payments.enums import RefundState
from billing.payments.models import Payment, PaymentIntent, Refund
from billing.payments.services import intents, refunds
from shared_apps.distributors.models import Distributor
from shared_apps.identity.enums import Role
from shared_apps.kernel import clock, ids
from shared_apps.kernel.money import Money
from tests import world
from tests.billing.payments.test_every_provider import connect
from tests.conftest import Inside
from tests.sandbox_process import Sandbox

from .conftest import SignIn

TOTAL = Money.of("88.80")
NOTHING = Money.zero()


@dataclass(frozen=True)
class Paid:
    """A recharge of 客户甲 by WeChat Pay, and finance's browser."""

    sandbox: Sandbox
    payment: Payment
    intent: PaymentIntent
    browser: Client

    def refund(self, fault: str, **params: Any) -> Refund:
        self.sandbox.fault("wechat", fault, times=None, **params)
        made = refunds.request(payment=self.payment, amount=TOTAL, reason="退订", at=clock.now())
        refunds.send(number=made.number, at=clock.now())
        made.refresh_from_db()
        return made

    def page(self) -> str:
        answer = self.browser.get(f"/office/payments/number/{self.intent.number}/")
        assert answer.status_code == 200
        return answer.content.decode()

    def press(self, refund: Refund, button: str) -> None:
        answer = self.browser.post(f"/office/payments/refunds/{refund.number}/{button}/")
        assert answer["Location"] == f"/office/payments/number/{self.intent.number}/"

    def balance(self) -> CustomerBalance:
        return balance_of(customer_id=self.intent.customer_id)


@pytest.fixture
def paid(
    sandbox: Sandbox, north: Distributor, inside: Inside, sign_in: SignIn, settings: Any
) -> Iterator[Paid]:
    """Stands inside north."""
    settings.WECHAT_GATEWAY_URL = sandbox.base_url
    browser = sign_in(north, Role.FINANCE)
    with inside(north):
        connect(sandbox, "WECHAT")
        now = clock.now()
        intent = intents.start(
            method="WECHAT_NATIVE",
            customer=Party(PartyKind.CUSTOMER, str(world.customer().public_id)),
            amount=TOTAL,
            subject="充值",
            order_id=None,
            back=intents.Return(site="http://127.0.0.1:1", return_url="http://shop.localhost/"),
            expires_at=now + timedelta(minutes=30),
            at=now,
        )
        sandbox.fault("wechat", "notify_silent")
        sandbox.pay(intent.number, provider="wechat")
        intents.check(number=intent.number, at=clock.now())
        yield Paid(sandbox, Payment.objects.get(intent=intent), intent, browser)


def test_a_refused_refund_says_why_and_can_be_sent_once_more(paid: Paid) -> None:
    refused = paid.refund("refund_closes", seconds=0)
    assert refused.state == RefundState.FAILED
    shown = paid.page()
    assert refused.detail and refused.detail in shown
    assert "不处理即留在余额" in shown and "再退一次" in shown
    assert paid.balance() == CustomerBalance(TOTAL, NOTHING)
    paid.sandbox.clear()
    for _ in range(2):  # pressed twice it is one refund
        paid.press(refused, "again")
    sent = Refund.objects.get(state=RefundState.REQUESTED)
    assert (sent.amount_minor, sent.reason) == (TOTAL.minor, "退订")
    assert paid.balance() == CustomerBalance(NOTHING, TOTAL)
    paid.press(sent, "ask")
    sent.refresh_from_db()
    assert sent.state == RefundState.SUCCEEDED
    assert paid.balance() == CustomerBalance(NOTHING, NOTHING)
    assert Entry.objects.filter(kind="payout").count() == 1
    assert "再退一次" not in paid.page()


def test_what_the_customer_has_spent_is_not_sent_again(paid: Paid) -> None:
    refused = paid.refund("refund_closes", seconds=0)
    who = Party(PartyKind.CUSTOMER, str(paid.intent.customer_id))
    holds.place(customer=who, parts=[(ids.new_id(), Money.of("0.01"))], at=clock.now(), memo="用掉")
    paid.press(refused, "again")
    assert Refund.objects.get() == refused
    assert paid.balance() == CustomerBalance(Money.of("88.79"), Money.of("0.01"))


def test_a_refund_that_waits_says_so_and_can_be_asked_after(paid: Paid) -> None:
    waiting = paid.refund("refund_abnormal", seconds=0)
    refunds.ask(number=waiting.number, at=clock.now())
    waiting.refresh_from_db()
    assert (waiting.state, waiting.detail) == (RefundState.REQUESTED, "ABNORMAL")
    shown = paid.page()
    assert "ABNORMAL" in shown and "立即查询" in shown and "再退一次" not in shown
    paid.press(waiting, "ask")
    paid.press(waiting, "again")
    assert Refund.objects.get().state == RefundState.REQUESTED
    assert paid.balance() == CustomerBalance(NOTHING, TOTAL)
