"""A provider's word: told two hundred times it counts once, and nobody else's counts at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from structlog.testing import capture_logs

from billing.balances.models import Hold
from billing.balances.queries import CustomerBalance, balance_of
from billing.ledger.models import Account, Entry
from billing.payments.enums import IntentState, RefundState
from billing.payments.models import Payment, PaymentIntent, ProviderEvent, Refund
from billing.settlement.proof import prove
from shared_apps.audit.models import Record
from shared_apps.distributors.models import Distributor
from shared_apps.kernel import clock, tenancy
from shared_apps.kernel.money import Money
from shared_apps.outbox.models import Delivery
from tenant_apps.orders.enums import OrderState
from tenant_apps.orders.models import Order
from tenant_apps.orders.services import paying
from tests import outside, world
from tests.conftest import Inside
from tests.own_processes import Web
from tests.sandbox_process import Merchant, Sandbox, until

NOTHING = Money.zero()


@pytest.fixture
def alipay(sandbox: Sandbox, settings: Any) -> Sandbox:
    settings.ALIPAY_GATEWAY_URL = f"{sandbox.base_url}/alipay/gateway.do"
    return sandbox


@dataclass(frozen=True)
class Buying:
    """An order of 客户甲 at north, paid at the provider, of which nobody was told yet."""

    order: Order
    intent: PaymentIntent
    merchant: Merchant

    def balance(self) -> CustomerBalance:
        return balance_of(customer_id=self.order.customer.public_id)

    def state(self) -> str:
        return Order.objects.get(pk=self.order.pk).state


@pytest.fixture
def buying(db: None, alipay: Sandbox, north: Distributor, inside: Inside) -> Iterator[Buying]:
    """Stands inside north."""
    with inside(north):
        yield paid_order(alipay, north)


def paid_order(sandbox: Sandbox, site: Distributor, *, port: int = 80) -> Buying:
    merchant = outside.open_account(sandbox)
    order = world.place(world.customer(), world.a_choice(quantity=1, hours=3))
    intent = outside.start_payment(order, site, port=port)
    outside.pay(sandbox, intent)
    return Buying(order, intent, merchant)


def credited() -> tuple[int, int, int]:
    """Payments, ledger entries that credit a customer, and news of it."""
    return (
        Payment.objects.count(),
        Entry.objects.filter(kind="recharge").count(),
        Delivery.objects.filter(handler="tenant_apps.orders.handlers.payment_succeeded").count(),
    )


def moved() -> dict[str, int]:
    """Everything that moves when money does."""
    return {
        "entries": Entry.objects.count(),
        "accounts": Account.objects.count(),
        "payments": Payment.objects.count(),
        "holds": Hold.objects.count(),
        "refunds": Refund.objects.count(),
        "news": Delivery.objects.count(),
        "open": PaymentIntent.objects.filter(state=IntentState.OPEN).count(),
    }


@pytest.mark.slow
def test_two_hundred_notifications_credit_once(
    committed: None, alipay: Sandbox, web: Web, north: Distributor, inside: Inside
) -> None:
    """Over HTTP, against two server processes: the true one repeated, others of the same payment
    beside it, and stale ones that tell of the time before."""
    with inside(north):
        buying = paid_order(alipay, north, port=web.port)
    number = buying.intent.number

    def send(call: int) -> int:
        """Five that are answered: like the provider, again where a busy machine was too slow."""
        event, wanted = "created" if call % 5 == 4 else "paid", 5
        while wanted:
            sent = alipay.notify(number, event=event, times=wanted, concurrency=4)["deliveries"]
            answered = [told["answer"] for told in sent if told["status"]]
            assert set(answered) <= {"success"}
            wanted -= len(answered)
        return 5

    with ThreadPoolExecutor(5) as pool:
        assert sum(pool.map(send, range(40))) == 200
    with inside(north):
        assert credited() == (1, 1, 1)
        assert buying.balance() == CustomerBalance(buying.order.total, NOTHING)
        kept = Counter(ProviderEvent.objects.values_list("state", flat=True))
        assert set(kept) == {"ACCEPTED", "IGNORED"}
        assert sum(kept.values()) < 80, "a repeated one is the same row"
    world.drain()
    with inside(north):
        order = Order.objects.get(pk=buying.order.pk)
        assert (order.state, order.paid_intent) == (OrderState.PAID, number)
        assert buying.balance() == CustomerBalance(NOTHING, order.total)
        assert Record.objects.filter(action="payment.succeed").count() == 1
        assert Record.objects.filter(action="order.pay").count() == 1
    with tenancy.owner():
        assert prove(at=clock.now()).ok


REFUSED = [
    ({"signature": "forged"}, "BAD_SIGNATURE"),
    ({"signature": "altered"}, "BAD_SIGNATURE"),
    ({"signature": "unsigned"}, "UNSIGNED"),
    ({"signature": "sha1"}, "WEAK_SIGNATURE"),
    ({"signature": "sha1_as_rsa2"}, "WEAK_SIGNATURE"),
    ({"overrides": {"total_amount": "0.01"}}, "WRONG_AMOUNT"),
    ({"overrides": {"total_amount": "99999999.99"}}, "WRONG_AMOUNT"),
    ({"overrides": {"app_id": "2021000000000001"}}, "FOREIGN_APP"),
    ({"overrides": {"seller_id": "2088000000000001"}}, "FOREIGN_SELLER"),
    ({"overrides": {"out_trade_no": "P26010100000000"}}, "UNKNOWN_ORDER"),
    ({"overrides": {"trans_currency": "USD"}}, "FOREIGN_CURRENCY"),
]


@pytest.mark.parametrize(("lie", "reason"), REFUSED)
def test_what_is_not_the_providers_word_moves_nothing(
    buying: Buying,
    lie: dict[str, Any],
    reason: str,
    alipay: Sandbox,
    north: Distributor,
    client_for: Callable[..., Client],
) -> None:
    built = alipay.notify(buying.intent.number, deliver=False, **lie)
    before, balance = moved(), buying.balance()
    with capture_logs() as logs:
        for _ in range(2):
            assert outside.deliver(client_for(north), built) in ("fail", "failure")
    assert moved() == before
    assert (buying.balance(), balance) == (balance, CustomerBalance(NOTHING, NOTHING))
    assert buying.state() == OrderState.AWAITING_PAYMENT
    kept = ProviderEvent.objects.get()
    assert (kept.state, bytes(kept.body)) == ("REFUSED", built["body"].encode())
    assert kept.reason.startswith(reason)
    told = [line for line in logs if line["event"] == "payment.notification_refused"]
    assert [(line["log_level"], line["reason"]) for line in told] == [("warning", kept.reason)] * 2
    audited = Record.objects.get(action="payment.notification_refused")
    assert (audited.object_id, audited.after) == (str(kept.public_id), {"reason": kept.reason})
    # And the honest one is believed afterwards all the same.
    honest = alipay.notify(buying.intent.number, deliver=False)
    assert outside.deliver(client_for(north), honest) == "success"
    assert credited() == (1, 1, 1)
    assert buying.balance() == CustomerBalance(buying.order.total, NOTHING)


@pytest.mark.parametrize("account", ["its own", "the same"])
def test_a_notification_at_another_shop_is_refused_there(
    buying: Buying,
    account: str,
    alipay: Sandbox,
    north: Distributor,
    rival: Distributor,
    inside: Inside,
    client_for: Callable[..., Client],
) -> None:
    built = alipay.notify(buying.intent.number, deliver=False)
    mine = moved()
    with inside(rival):
        outside.open_account(alipay, buying.merchant if account == "the same" else None)
        theirs = moved()
    assert outside.deliver(client_for(rival), built) in ("fail", "failure")
    with inside(rival):
        kept = ProviderEvent.objects.get()
        assert kept.reason == ("UNKNOWN_ORDER" if account == "the same" else "FOREIGN_APP")
        assert (kept.state, bytes(kept.body)) == ("REFUSED", built["body"].encode())
        assert moved() == theirs
    assert moved() == mine
    assert not ProviderEvent.objects.exists()
    assert outside.deliver(client_for(north), built) == "success"
    assert credited() == (1, 1, 1)


def test_a_payment_whose_notification_is_lost_is_found_by_asking(
    committed: None, alipay: Sandbox, north: Distributor, inside: Inside
) -> None:
    with inside(north):
        buying = paid_order(alipay, north)
    world.drain()  # it is too early to ask
    with inside(north):
        assert credited() == (0, 0, 0)
    world.drain(at=clock.now() + timedelta(seconds=9))
    with inside(north):
        assert credited() == (1, 1, 1)
        assert PaymentIntent.objects.get().state == IntentState.SUCCEEDED
    world.drain()
    with inside(north):
        assert buying.state() == OrderState.PAID
        # A notification that comes after all changes nothing.
        built = alipay.notify(buying.intent.number, deliver=False)
        client = Client(headers={"host": "north.ncmatch.localhost"})
        assert outside.deliver(client, built) == "success"
        assert credited() == (1, 1, 1)
    assert alipay.notices(buying.intent.number) == []


def _refunded(sandbox: Sandbox, intent: PaymentIntent) -> bool:
    trade = sandbox.trade(intent.number)
    return trade is not None and trade["refunded_amount"] == str(intent.amount)


def test_a_second_payment_of_an_order_goes_back_by_itself(
    committed: None, alipay: Sandbox, north: Distributor, inside: Inside, client_for: Any
) -> None:
    with inside(north):
        merchant = outside.open_account(alipay)
        order = world.place(world.customer(), world.a_choice(quantity=1, hours=3))
        first = outside.start_payment(order, north)
        second = outside.start_payment(order, north, method="ALIPAY_QR")
        assert second.number != first.number
        outside.pay(alipay, first)
        outside.pay(alipay, second)
        buying = Buying(order, first, merchant)
    for intent in (buying.intent, second):
        built = alipay.notify(intent.number, deliver=False)
        assert outside.deliver(client_for(north), built) == "success"
    world.drain()
    with inside(north):
        order = Order.objects.get(pk=buying.order.pk)
        assert (order.state, order.paid_intent) == (OrderState.PAID, buying.intent.number)
        back = Refund.objects.get()
        assert back.payment.intent == second
        assert (back.state, back.amount_minor) == (RefundState.SUCCEEDED, order.total_minor)
        assert buying.balance() == CustomerBalance(NOTHING, order.total)
    until(lambda: _refunded(alipay, second))
    assert not _refunded(alipay, buying.intent)
    with tenancy.owner():
        assert prove(at=clock.now()).ok


def test_a_payment_after_the_order_expired_goes_back(
    committed: None, alipay: Sandbox, north: Distributor, inside: Inside, client_for: Any
) -> None:
    with inside(north):
        buying = paid_order(alipay, north)
        Delivery.objects.filter(topic="payment.check").update(
            due_at=clock.now() + timedelta(days=1)
        )
    world.drain(at=clock.now() + timedelta(minutes=31))
    with inside(north):
        assert buying.state() == OrderState.CANCELLED
    built = alipay.notify(buying.intent.number, deliver=False)
    assert outside.deliver(client_for(north), built) == "success"
    world.drain()
    with inside(north):
        assert credited() == (1, 1, 1)
        assert buying.state() == OrderState.CANCELLED
        assert Refund.objects.get().state == RefundState.SUCCEEDED
        assert buying.balance() == CustomerBalance(NOTHING, NOTHING)
        assert not Hold.objects.filter(state="HELD").exists()
    assert _refunded(alipay, buying.intent)
    with tenancy.owner():
        assert prove(at=clock.now()).ok


def test_money_that_was_spent_before_it_could_go_back_stays_spent(
    committed: None, alipay: Sandbox, north: Distributor, inside: Inside, client_for: Any
) -> None:
    """The order was paid from the balance while the payment was under way; what came too much was
    spent on another order before the refund could set it aside."""
    with inside(north):
        buying = paid_order(alipay, north)
        world.recharge(buying.order.customer, buying.order.total)
        paying.pay_from_balance(order=buying.order, at=clock.now())
        built = alipay.notify(buying.intent.number, deliver=False)
        assert outside.deliver(client_for(north), built) == "success"
        another = world.place(buying.order.customer, world.a_choice(quantity=1, hours=2))
        paying.pay_from_balance(order=another, at=clock.now())
    world.drain()
    with inside(north):
        assert not Refund.objects.exists()
        assert not Delivery.objects.filter(topic="payment.succeeded", state="PENDING").exists()
        left = buying.order.total - another.total
        assert buying.balance() == CustomerBalance(left, buying.order.total + another.total)
    with tenancy.owner():
        assert prove(at=clock.now()).ok
