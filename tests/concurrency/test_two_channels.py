"""One order, two providers: the first payment pays it, the second goes back to where it came from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from billing.balances.queries import CustomerBalance, balance_of
from billing.ledger.enums import Side
from billing.ledger.models import Entry, Posting
from billing.payments.accounts import notify_path
from billing.payments.enums import IntentState, Method, RefundState
from billing.payments.models import Payment, PaymentIntent, Refund
from billing.settlement.proof import prove
from shared_apps.distributors.models import Distributor
from shared_apps.kernel import clock, tenancy
from shared_apps.kernel.money import Money
from tenant_apps.orders.enums import OrderState
from tenant_apps.orders.errors import NotAwaitingPayment
from tenant_apps.orders.models import Order
from tenant_apps.orders.services import paying, placing
from tests import outside, world
from tests.billing.payments.test_every_provider import connect
from tests.conftest import Inside
from tests.races import at_once
from tests.sandbox_process import Sandbox

NOTHING = Money.zero()


@dataclass(frozen=True)
class Shop:
    """An unpaid order of 客户甲 at north, whose shop takes Alipay, WeChat Pay and Stripe."""

    sandbox: Sandbox
    site: Distributor
    order: Order

    def start(self, method: Method) -> PaymentIntent:
        return outside.start_payment(self.order, self.site, method=method)

    def pay(self, intent: PaymentIntent) -> None:
        """At the provider; its word is not sent by itself."""
        provider = intent.account.provider.lower()
        self.sandbox.fault(provider, "notify_silent")
        if provider == "alipay":
            outside.visit(self.sandbox, intent)
        self.sandbox.pay(intent.number, provider=provider)

    def tell(self, intent: PaymentIntent) -> int:
        """The provider's word of a payment, at our address of it."""
        provider = intent.account.provider.lower()
        built = self.sandbox.notify(intent.number, provider=provider, deliver=False)
        client = Client(headers={"host": "north.ncmatch.localhost"})
        if provider == "alipay":
            return 200 if outside.deliver(client, built) == "success" else 400
        answer = client.post(
            notify_path(intent.account),
            built["body"],
            content_type="application/json",
            headers=built["headers"],
        )
        return answer.status_code

    def state(self, intent: PaymentIntent) -> str:
        return PaymentIntent.objects.get(pk=intent.pk).state


@pytest.fixture
def shop(
    committed: None, sandbox: Sandbox, north: Distributor, inside: Inside, settings: Any
) -> Iterator[Shop]:
    """Stands nowhere."""
    settings.ALIPAY_GATEWAY_URL = f"{sandbox.base_url}/alipay/gateway.do"
    settings.WECHAT_GATEWAY_URL = settings.STRIPE_API_URL = sandbox.base_url
    with inside(north):
        outside.open_account(sandbox)
        connect(sandbox, "WECHAT")
        connect(sandbox, "STRIPE")
        order = world.place(world.customer(), world.a_choice(quantity=1, hours=3))
    yield Shop(sandbox, north, order)


def in_channels() -> int:
    """What lies at the providers, by the books."""
    lines = Posting.objects.filter(account__party_kind="CHANNEL")
    return sum(
        line.amount_minor if line.direction == Side.DEBIT else -line.amount_minor for line in lines
    )


def test_both_paid_at_the_same_moment_and_the_second_goes_back_to_its_source(
    shop: Shop, inside: Inside
) -> None:
    with inside(shop.site):
        # Alipay knows nothing of a page that nobody opened, so that this one cannot be closed.
        by_alipay = shop.start(Method.ALIPAY_PAGE)
        by_wechat = shop.start(Method.WECHAT_NATIVE)
        assert (shop.state(by_alipay), shop.state(by_wechat)) == ("OPEN", "OPEN")
        shop.pay(by_alipay)
        shop.pay(by_wechat)
    words: list[Callable[[], str]] = [
        lambda intent=intent: str(shop.tell(intent))  # type: ignore[misc]
        for intent in (by_alipay, by_wechat) * 2
    ]
    assert at_once(words, schema=shop.site.schema_name) == ["200"] * 4
    with inside(shop.site):
        assert Payment.objects.count() == 2
    works: list[Callable[[], str]] = [
        lambda number=intent.number: _arrived(number)  # type: ignore[misc]
        for intent in (by_alipay, by_wechat)
    ]
    assert at_once(works, schema=shop.site.schema_name) == ["done", "done"]
    world.drain()
    total = shop.order.total
    with inside(shop.site):
        order = Order.objects.get(pk=shop.order.pk)
        assert order.state == OrderState.PAID
        second = by_wechat if order.paid_intent == by_alipay.number else by_alipay
        back = Refund.objects.get()
        assert back.payment.intent_id == second.pk
        assert (back.state, back.amount_minor) == (RefundState.SUCCEEDED, total.minor)
        assert balance_of(customer_id=order.customer.public_id) == CustomerBalance(NOTHING, total)
        assert in_channels() == total.minor
        assert Entry.objects.filter(kind="recharge").count() == 2
        assert Entry.objects.filter(kind="payout").count() == 1
    with tenancy.owner():
        assert prove(at=clock.now()).ok


def _arrived(number: str) -> str:
    paying.payment_arrived(number=number, at=clock.now())
    return "done"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (Method.WECHAT_NATIVE, Method.STRIPE_CHECKOUT),
        (Method.STRIPE_CHECKOUT, Method.ALIPAY_PAGE),
        (Method.WECHAT_NATIVE, Method.ALIPAY_QR),
    ],
)
def test_who_switches_leaves_nothing_open_that_can_be_paid(
    shop: Shop, inside: Inside, before: Method, after: Method
) -> None:
    with inside(shop.site):
        first = shop.start(before)
        second = shop.start(after)
        assert (shop.state(first), shop.state(second)) == (IntentState.CLOSED, IntentState.OPEN)
        assert shop.start(after).number == second.number
        third = shop.start(before)
        assert third.number != first.number and shop.state(third) == IntentState.OPEN


def test_a_code_that_was_scanned_is_closed_at_alipay(shop: Shop, inside: Inside) -> None:
    with inside(shop.site):
        first = shop.start(Method.ALIPAY_QR)
        outside.visit(shop.sandbox, first)
        shop.start(Method.WECHAT_NATIVE)
        assert shop.state(first) == IntentState.CLOSED
        trade = shop.sandbox.trade(first.number)
    assert trade is not None and trade["trade_status"] == "TRADE_CLOSED"


def test_who_has_paid_and_switches_pays_once(shop: Shop, inside: Inside) -> None:
    with inside(shop.site):
        first = shop.start(Method.WECHAT_NATIVE)
        shop.pay(first)
        with pytest.raises(NotAwaitingPayment):
            shop.start(Method.STRIPE_CHECKOUT)
        assert PaymentIntent.objects.get().state == IntentState.SUCCEEDED
    world.drain()
    with inside(shop.site):
        assert Order.objects.get(pk=shop.order.pk).paid_intent == first.number
        assert not Refund.objects.exists()


@pytest.mark.parametrize("ending", ["paid from the balance", "cancelled"])
def test_an_order_that_is_over_leaves_no_payment_open(
    shop: Shop, inside: Inside, ending: str
) -> None:
    with inside(shop.site):
        intent = shop.start(Method.STRIPE_CHECKOUT)
        if ending == "cancelled":
            placing.cancel(order_id=shop.order.public_id, at=clock.now(), reason="客户取消")
        else:
            world.recharge(shop.order.customer, shop.order.total)
            paying.pay_from_balance(order=shop.order, at=clock.now())
    world.drain()
    with inside(shop.site):
        assert shop.state(intent) == IntentState.CLOSED
        assert not Payment.objects.exists()


def test_a_provider_that_does_not_answer_keeps_nobody_from_another(
    shop: Shop, inside: Inside
) -> None:
    with inside(shop.site):
        first = shop.start(Method.WECHAT_NATIVE)
        shop.sandbox.fault("wechat", "gateway_500", times=None)
        second = shop.start(Method.STRIPE_CHECKOUT)
        assert (shop.state(first), shop.state(second)) == (IntentState.OPEN, IntentState.OPEN)
