"""包月: bought by whole months, renewed by hand or from the balance, at the price and terms of that day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import ClassVar

import pytest
from django.test import Client
from django.urls import reverse

from billing.balances import queries as balances
from billing.pricing.services import set_retail_percent
from billing.settlement.models import Obligation
from billing.settlement.proof import prove
from shared_apps.catalog.enums import PlanKind
from shared_apps.catalog.models import Plan, Price
from shared_apps.catalog.services import offer_terms, set_price
from shared_apps.catalog.terms import HOURS_OF_MONTH
from shared_apps.distributors.models import Distributor
from shared_apps.kernel import clock, ids, tenancy
from shared_apps.kernel.money import Money
from shared_apps.suppliers import queries as suppliers
from shared_apps.suppliers.adapters.base import Access, Done, OperationKind
from shared_apps.suppliers.models import Supplier
from tenant_apps.customers import handlers
from tenant_apps.customers.models import Notice
from tenant_apps.fulfilment.enums import ResourceState
from tenant_apps.fulfilment.models import Resource
from tenant_apps.fulfilment.services import lasting, opening
from tenant_apps.orders.errors import WholeMonths
from tenant_apps.orders.models import Order, OrderLine
from tenant_apps.orders.pricing import Choice
from tenant_apps.orders.services import cart, lines, paying, placing
from tests import world
from tests.conftest import Inside

Cast = dict[str, Distributor]
MONTH = timedelta(hours=HOURS_OF_MONTH)


class PromptSupplier:
    """Says yes to everything at once."""

    kind: ClassVar[str] = "PROMPT"

    def provision(self, *args: object, **kwargs: object) -> Done:
        return Done(OperationKind.PROVISION)

    def bind(self, *args: object, **kwargs: object) -> Access:
        return Access(host="10.0.0.8", port=22, username="root", password="x")

    def deprovision(self, *args: object, **kwargs: object) -> Done:
        return Done(OperationKind.DEPROVISION)


@pytest.fixture
def choice(committed: None, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Choice:
    """A month of the cheapest A100."""
    monkeypatch.setattr(suppliers, "adapter_for", lambda **_: PromptSupplier())
    monkeypatch.setattr(handlers, "send_sms", lambda **_: None)
    with tenancy.shared():
        for supplier in Supplier.objects.all():
            offer_terms(supplier=supplier, at=clock.now() - timedelta(minutes=1))
        on_demand = Plan.objects.get(public_id=world.a_choice().plan_id)
        plan = Plan.objects.get(offering=on_demand.offering, kind=PlanKind.MONTHLY)
    return Choice(plan.public_id, 1, HOURS_OF_MONTH)


@pytest.fixture
def machine(choice: Choice, pier: Distributor, inside: Inside) -> Resource:
    """Bought for a month at pier, and running."""
    with inside(pier):
        who = world.customer()
        order = world.place(who, choice)
        world.recharge(who, order.total)
        paying.pay_from_balance(order=order, at=clock.now())
    world.drain()
    with inside(pier):
        return Resource.objects.select_related("line__order", "line__plan").get()


def until(resource: Resource) -> datetime:
    assert resource.ends_at is not None
    return resource.ends_at


def renew(resource: Resource, shown: Money, hours: int = HOURS_OF_MONTH) -> Order:
    return placing.renew(
        line=resource.line,
        hours=hours,
        shown_total=shown,
        terms_version=placing.TERMS_VERSION,
        request_key=ids.new_id(),
        at=clock.now(),
    )


def automatic(resource: Resource, ends_at: datetime) -> None:
    lasting.auto_renew(line_id=resource.line.public_id, ends_at=ends_at, at=clock.now())


def proved(cast: Cast) -> None:
    world.book_all(cast)
    with tenancy.owner():
        proof = prove(at=clock.now())
    assert proof.ok, [str(difference) for difference in proof.differences]


def test_the_price_by_the_month_follows_the_price_on_demand(choice: Choice) -> None:
    with tenancy.shared():
        monthly = Plan.objects.select_related("offering__supplier").get(public_id=choice.plan_id)
        stated = Plan.objects.get(offering=monthly.offering, kind=PlanKind.ON_DEMAND)
        ids_at_broker = (monthly.external_service_id, monthly.external_plan_id)
        assert ids_at_broker == (stated.external_service_id, stated.external_plan_id)

        def listed(plan: Plan) -> Decimal:
            return Price.objects.get(plan=plan, effective__endswith__isnull=True).list_hourly

        assert listed(monthly) == (listed(stated) * Decimal("0.85")).quantize(Decimal("0.000001"))
        supplier = monthly.offering.supplier
        assert offer_terms(supplier=supplier, at=clock.now()) == 0
        set_price(plan=stated, amount=Decimal(10), at=clock.now())
        assert offer_terms(supplier=supplier, at=clock.now()) == 2
        assert listed(monthly) == Decimal("8.5")


def test_only_whole_months_are_sold(choice: Choice, pier: Distributor, inside: Inside) -> None:
    with inside(pier):
        for hours in (1, HOURS_OF_MONTH - 1, HOURS_OF_MONTH + 1):
            wrong = Choice(choice.plan_id, 1, hours)
            with pytest.raises(WholeMonths):
                world.place(world.customer(), wrong)
            with pytest.raises(WholeMonths):
                cart.add(customer=world.customer(), choice=wrong)
        assert not Order.objects.exists()


def test_a_renewal_is_an_order_of_its_own_at_the_terms_of_its_day(
    machine: Resource, cast: Cast, pier: Distributor, inside: Inside
) -> None:
    with inside(pier):
        first = machine.line
        set_retail_percent(percent=Decimal(90), at=clock.now())
        hourly = Money.of(
            (Decimal(first.specs["list_hourly"]) * Decimal("0.9")).quantize(Decimal("0.01"))
        )
        due = Money(hourly.minor * HOURS_OF_MONTH)
        world.recharge(world.customer(), due)
        order = renew(machine, due)
        paying.pay_from_balance(order=order, at=clock.now())
    world.drain()
    world.drain()
    with inside(pier):
        resource = Resource.objects.get()
        assert until(resource) == until(machine) + MONTH
        second = OrderLine.objects.get(renews=first)
        assert (second.state, second.amount) == ("OPEN", due)
        assert second.amount != first.amount
        assert Obligation.objects.filter(trace_id=second.public_id).count() == 1
        # The end that was told first is no longer the end.
        opening.end(line_id=first.public_id, at=until(machine))
        resource.refresh_from_db()
        assert resource.state == ResourceState.RUNNING
        opening.end(line_id=first.public_id, at=until(resource))
        resource.refresh_from_db()
        assert resource.state == ResourceState.ENDING
    with tenancy.shared():
        assert Obligation.objects.filter(trace_id=second.public_id).count() == 4
    proved(cast)


def test_a_renewal_that_comes_too_late_goes_back(
    machine: Resource, cast: Cast, pier: Distributor, inside: Inside
) -> None:
    with inside(pier):
        due = machine.line.amount
        world.recharge(world.customer(), due)
        order = renew(machine, due)
        paying.pay_from_balance(order=order, at=clock.now())
        opening.terminate(line_id=machine.line.public_id, at=clock.now(), reason="使用期已满")
    world.drain()
    with inside(pier):
        line = OrderLine.objects.get(renews=machine.line)
        assert line.state == "FAILED"
        who = balances.balance_of(customer_id=world.customer().public_id)
        assert (who.available, who.held) == (due, Money(0))
        assert not Obligation.objects.filter(trace_id=line.public_id).exists()
    proved(cast)


def test_automatic_renewal_takes_the_balance_once_for_one_end(
    machine: Resource, cast: Cast, pier: Distributor, inside: Inside
) -> None:
    with inside(pier):
        who, due, ends_at = world.customer(), machine.line.amount, until(machine)
        world.recharge(who, Money(due.minor * 3))
        automatic(machine, ends_at)
        assert Order.objects.count() == 1  # it was not switched on
        lasting.set_auto_renew(resource=machine, on=True)
        automatic(machine, ends_at - timedelta(hours=1))  # another end than the true one
        assert Order.objects.count() == 1
        automatic(machine, ends_at)
        automatic(machine, ends_at)  # delivered twice
        assert Order.objects.count() == 2
    world.drain()
    with inside(pier):
        automatic(machine, ends_at)
        assert Order.objects.count() == 2
        machine.refresh_from_db()
        assert until(machine) == ends_at + MONTH
        left = balances.balance_of(customer_id=who.public_id)
        assert (left.available, left.held) == (Money(due.minor * 2), Money(0))
    proved(cast)


def test_automatic_renewal_without_money_leaves_nothing_behind_and_says_so(
    machine: Resource, pier: Distributor, inside: Inside
) -> None:
    with inside(pier):
        lasting.set_auto_renew(resource=machine, on=True)
        automatic(machine, until(machine))
        assert Order.objects.count() == 1
        assert Notice.objects.filter(title="自动续费没有成功", body__contains="余额不足").exists()
        machine.refresh_from_db()
        assert machine.state == ResourceState.RUNNING
        lasting.remind(line_id=machine.line.public_id, ends_at=until(machine))
        assert Notice.objects.filter(title="资源即将到期").count() == 1
        lasting.remind(line_id=machine.line.public_id, ends_at=until(machine) + MONTH)
        assert Notice.objects.filter(title="资源即将到期").count() == 1


def test_giving_back_a_renewal_ends_the_machine_when_what_is_kept_is_over(
    machine: Resource, cast: Cast, pier: Distributor, inside: Inside
) -> None:
    with inside(pier):
        due = machine.line.amount
        world.recharge(world.customer(), due)
        paying.pay_from_balance(order=renew(machine, due), at=clock.now())
    world.drain()
    with inside(pier):
        line = OrderLine.objects.get(renews=machine.line)
        lines.refund(line=line, reason="不再需要", at=clock.now())
    world.drain()
    with inside(pier):
        resource = Resource.objects.get()
        assert (resource.state, until(resource)) == (ResourceState.RUNNING, until(machine))
        lines.refund(line=machine.line, reason="不再需要", at=clock.now())
    world.drain()
    with inside(pier):
        resource.refresh_from_db()
        assert resource.state == ResourceState.ENDED
    proved(cast)


def test_the_pages_renew_switch_and_give_back(
    machine: Resource, pier: Distributor, inside: Inside, client_for: Callable[..., Client]
) -> None:
    with inside(pier):
        who = world.customer()
        world.recharge(who, machine.line.amount)
    browser = client_for(pier, who.user)
    page = reverse("shop:resource", args=[machine.public_id])
    shown = browser.get(page).content.decode()
    assert "续费" in shown and "开启自动续费" in shown and "退订" in shown
    renewal = reverse("shop:resource_renew", args=[machine.public_id])
    asked = browser.get(renewal).content.decode()
    assert "1 个月" in asked and f"720:{machine.line.amount.minor}" in asked
    wrong = {"term": "720:1", "agree": placing.TERMS_VERSION, "request_key": str(ids.new_id())}
    assert browser.post(renewal, wrong).headers["Location"] == renewal
    right = wrong | {"term": f"720:{machine.line.amount.minor}"}
    answer = browser.post(renewal, right)
    with inside(pier):
        order = Order.objects.get(lines__renews=machine.line)
    assert answer.headers["Location"] == reverse("shop:pay", args=[order.public_id])
    browser.post(reverse("shop:resource_auto_renew", args=[machine.public_id]), {"on": "1"})
    assert "关闭自动续费" in browser.get(page).content.decode()
    back = browser.post(
        reverse("shop:resource_give_back", args=[machine.public_id]), {"hours": "20"}, follow=True
    )
    assert "已退还 20 小时" in back.content.decode()
    with inside(pier):
        assert OrderLine.objects.get(pk=machine.line.pk).refunded_hours == 20
