"""One balance, many hands: what is spent is never more than what is there, and never at another price."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from billing.balances.models import Hold
from billing.balances.queries import CustomerBalance, balance_of
from billing.ledger.errors import FloorBreached
from billing.ledger.models import Balance, Entry
from billing.pricing.services import set_retail_percent
from billing.settlement.models import Obligation, PriceHop
from billing.settlement.proof import prove
from shared_apps.catalog import services as catalog
from shared_apps.catalog.models import Plan, Price
from shared_apps.catalog.prices import LIST_CURRENCY
from shared_apps.distributors.models import Distributor
from shared_apps.kernel import clock, tenancy
from shared_apps.kernel.ids import new_id
from shared_apps.kernel.money import Money
from shared_apps.outbox.models import Delivery
from tenant_apps.customers.models import Customer
from tenant_apps.orders.enums import LineState, OrderState
from tenant_apps.orders.errors import NotAwaitingPayment, PriceChanged
from tenant_apps.orders.models import CartItem, Order, OrderLine
from tenant_apps.orders.pricing import Choice, price, sum_of
from tenant_apps.orders.services import cart, lines, paying, placing
from tests import world
from tests.conftest import Inside
from tests.races import Work, at_once


def placed(who: Customer, choice: Choice, *, key: Any = None) -> Order:
    at = clock.now()
    return placing.place(
        customer=who,
        choices=[choice],
        shown_total=sum_of(price([choice], at=at)),
        terms_version=placing.TERMS_VERSION,
        request_key=key or new_id(),
        at=at,
    )


def buys(who: Customer, choice: Choice) -> Work:
    def buy() -> str:
        order = placed(who, choice)
        try:
            paying.pay_from_balance(order=order, at=clock.now())
        except FloorBreached:
            return "refused"
        return "paid"

    return buy


@pytest.mark.slow
def test_fifty_purchases_at_once_spend_what_is_there_and_no_more(
    committed: None, north: Distributor, inside: Inside
) -> None:
    with inside(north):
        who, choice = world.customer(), world.a_choice(hours=2)
        cost = sum_of(price([choice], at=clock.now()))
        rest = Money(cost.minor - 1)
        world.recharge(who, Money(cost.minor * 20) + rest)
    outcome = Counter(at_once([buys(who, choice)] * 50, schema=north.schema_name))
    assert outcome == {"paid": 20, "refused": 30}
    with inside(north):
        balance = balance_of(customer_id=who.public_id)
        assert balance == CustomerBalance(rest, Money(cost.minor * 20))
        states = Counter(Order.objects.values_list("state", flat=True))
        assert states == {OrderState.PAID: 20, OrderState.AWAITING_PAYMENT: 30}
        assert Hold.objects.filter(state="HELD").count() == 20
        assert Entry.objects.filter(kind="hold").count() == 20
        assert Delivery.objects.filter(topic="order.paid").count() == 20
        # The row that is locked and kept says the same as the postings do.
        for kept in Balance.objects.filter(account__party_id=str(who.public_id)):
            assert kept.credit_minor >= kept.debit_minor
    with tenancy.owner():
        assert prove(at=clock.now()).ok


def test_two_customers_do_not_wait_for_each_others_money(
    committed: None, north: Distributor, inside: Inside
) -> None:
    """Several balances at once: each loses its own and only its own."""
    with inside(north):
        first, second = world.customer("客户甲"), world.customer("客户乙")
        choice = world.a_choice()
        cost = sum_of(price([choice], at=clock.now()))
        world.recharge(first, Money(cost.minor * 3))
        world.recharge(second, Money(cost.minor * 5))
    works = [buys(first, choice), buys(second, choice)] * 8
    outcome = at_once(works, schema=north.schema_name)
    assert (outcome[0::2].count("paid"), outcome[1::2].count("paid")) == (3, 5)
    with inside(north):
        for who, times in ((first, 3), (second, 5)):
            expected = CustomerBalance(Money.zero(), Money(cost.minor * times))
            assert balance_of(customer_id=who.public_id) == expected


def test_one_form_sent_twenty_times_is_one_order(
    committed: None, north: Distributor, inside: Inside
) -> None:
    with inside(north):
        who, choice = world.customer(), world.a_choice(quantity=2)
    key = new_id()
    numbers = at_once([lambda: placed(who, choice, key=key).number] * 20, schema=north.schema_name)
    assert len(set(numbers)) == 1
    with inside(north):
        order = Order.objects.get()
        assert order.number == numbers[0]
        assert order.lines.count() == 2
        traces = {line.public_id for line in order.lines.all()}
        assert set(PriceHop.objects.values_list("trace_id", flat=True)) == traces
        assert Delivery.objects.filter(topic="order.expire").count() == 1


def test_cancelling_and_paying_at_once_ends_in_one_of_them(
    committed: None, north: Distributor, inside: Inside
) -> None:
    with inside(north):
        who, choice = world.customer(), world.a_choice()
        cost = sum_of(price([choice], at=clock.now()))
        world.recharge(who, Money(cost.minor * 12))
        orders = [placed(who, choice) for _ in range(12)]

    def pays(order: Order) -> Work:
        def pay() -> str:
            try:
                paying.pay_from_balance(order=order, at=clock.now())
            except NotAwaitingPayment:
                return "too late"
            return "paid"

        return pay

    def cancels(order: Order) -> Work:
        def cancel() -> str:
            try:
                placing.cancel(order_id=order.public_id, at=clock.now(), reason="不要了")
            except NotAwaitingPayment:
                return "too late"
            return "cancelled"

        return cancel

    works = [work for order in orders for work in (pays(order), cancels(order))]
    outcome = at_once(works, schema=north.schema_name)
    with inside(north):
        for position, order in enumerate(orders):
            ended = set(outcome[2 * position : 2 * position + 2])
            order.refresh_from_db()
            (line,) = order.lines.all()
            held = Hold.objects.filter(subject_id=line.public_id, state="HELD").count()
            if order.state == OrderState.PAID:
                assert (ended, line.state, held) == ({"paid", "too late"}, LineState.OPENING, 1)
            else:
                assert order.state == OrderState.CANCELLED
                assert ended == {"cancelled", "too late"}
                assert (line.state, held) == (LineState.CANCELLED, 0)
        times = outcome.count("paid")
        balance = balance_of(customer_id=who.public_id)
        assert balance == CustomerBalance(
            Money(cost.minor * (12 - times)), Money(cost.minor * times)
        )


def list_at(choice: Choice, hourly: str) -> None:
    """The supplier lists another price from now on; from a thread, so that it has committed."""

    def change() -> None:
        try:
            with tenancy.shared():
                plan = Plan.objects.get(public_id=choice.plan_id)
                catalog.set_price(
                    plan=plan, amount=Decimal(hourly), at=clock.now(), currency=LIST_CURRENCY
                )
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(change).result()


class TestPrices:
    def test_a_price_that_changed_after_it_was_shown_asks_the_customer(
        self, committed: None, pier: Distributor, inside: Inside
    ) -> None:
        with inside(pier):
            who, choice = world.customer(), world.a_choice(quantity=2, hours=5)
            cart.add(customer=who, choice=choice)
            shown = sum_of(price([choice], at=clock.now()))
        list_at(choice, "7.77")
        with inside(pier):
            with pytest.raises(PriceChanged) as refused:
                order_at(who, choice, shown)
            now = sum_of(price([choice], at=clock.now()))
            assert (refused.value.shown, refused.value.now) == (shown, now)
            assert now == Money.of("75.40")  # 7.77 × 97 % = 7.54, 2 machines, 5 hours
            assert not Order.objects.exists()
            assert not OrderLine.objects.exists()
            assert not PriceHop.objects.exists()
            assert not Delivery.objects.filter(topic="order.expire").exists()
            assert CartItem.objects.get().quantity == 2
            # Having seen the new one, the customer may have it.
            assert order_at(who, choice, now).total == now

    def test_the_shops_own_price_asks_as_well(
        self, committed: None, pier: Distributor, inside: Inside
    ) -> None:
        with inside(pier):
            who, choice = world.customer(), world.a_choice(hours=5)
            shown = sum_of(price([choice], at=clock.now()))
            set_retail_percent(percent=Decimal(98), at=clock.now())
            with pytest.raises(PriceChanged):
                order_at(who, choice, shown)
            assert not Order.objects.exists()

    def test_an_order_keeps_its_price_through_every_level(
        self, committed: None, cast: dict[str, Distributor], pier: Distributor, inside: Inside
    ) -> None:
        with inside(pier):
            who, choice = world.customer(), world.a_choice(hours=5)
            order = placed(who, choice)
        with tenancy.shared():
            frozen = sorted(PriceHop.objects.values_list("position", "amount_minor"))
        assert len(frozen) == 4
        list_at(choice, "0.01")
        with inside(pier):
            world.recharge(who, order.total)
            paying.pay_from_balance(order=order, at=clock.now())
            assert balance_of(customer_id=who.public_id).available == Money.zero()
            lines.opened(line=order.lines.get(), at=clock.now())
        with tenancy.shared():
            assert sorted(PriceHop.objects.values_list("position", "amount_minor")) == frozen
            owed = sorted(Obligation.objects.values_list("position", "amount_minor"))
            assert owed == frozen
        world.book_all(cast)
        with tenancy.owner():
            assert prove(at=clock.now()).ok

    def test_a_change_between_pricing_and_freezing_splits_nothing(
        self,
        committed: None,
        pier: Distributor,
        inside: Inside,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """The competitor commits between the two looks of one placing: both see the same price."""
        with inside(pier):
            who, choice = world.customer(), world.a_choice(hours=5)
            shown = sum_of(price([choice], at=clock.now()))
            listed = Price.objects.get(
                plan__public_id=choice.plan_id, effective__contains=clock.now()
            )

            def and_then_it_changes(*args: Any, **options: Any) -> Any:
                priced = price(*args, **options)
                list_at(choice, "999.99")
                return priced

            monkeypatch.setattr(placing, "price", and_then_it_changes)
            order = order_at(who, choice, shown)
            assert order.total == shown
            hop = PriceHop.objects.get(position=0)
            assert hop.list_hourly == listed.list_hourly != Decimal("999.99")
            assert hop.amount_minor < order.total_minor


def order_at(who: Customer, choice: Choice, shown: Money) -> Order:
    return placing.place(
        customer=who,
        choices=[choice],
        shown_total=shown,
        terms_version=placing.TERMS_VERSION,
        request_key=new_id(),
        at=clock.now(),
    )
