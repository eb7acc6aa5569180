from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, ClassVar

import pytest

from billing.metering.services import credit
from shared_apps.catalog.enums import PlanKind
from shared_apps.catalog.models import Plan
from shared_apps.catalog.services import offer_terms
from shared_apps.distributors.models import Distributor
from shared_apps.identity.enums import Role
from shared_apps.kernel import clock, ids, tenancy
from shared_apps.kernel.money import Money
from shared_apps.suppliers import queries as suppliers
from shared_apps.suppliers.adapters.base import Access, Done, InstanceRef, OperationKind
from shared_apps.suppliers.models import Supplier
from tenant_apps.customers import handlers
from tenant_apps.customers.models import Customer
from tenant_apps.fulfilment.models import Resource, WorkOrder
from tenant_apps.fulfilment.services import opening, steps
from tenant_apps.orders.models import Order
from tenant_apps.orders.pricing import price_hour
from tenant_apps.orders.services import placing
from tests import world

Cast = dict[str, Distributor]


class PromptSupplier:
    """Says yes to everything at once, and remembers who is to run."""

    kind: ClassVar[str] = "PROMPT"
    switched: ClassVar[list[tuple[str, bool]]] = []

    def provision(self, *args: object, **kwargs: object) -> Done:
        return Done(OperationKind.PROVISION)

    def bind(self, *args: object, **kwargs: object) -> Access:
        return Access(host="10.0.0.8", port=22, username="root", password="x")

    def switch(self, ref: InstanceRef, *, running: bool, **kwargs: Any) -> Done:
        self.switched.append((ref.instance_id, running))
        return Done(OperationKind.UPDATE)

    def deprovision(self, *args: object, **kwargs: object) -> Done:
        return Done(OperationKind.DEPROVISION)


@pytest.fixture
def market(committed: None, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cast]:
    """Machines that can be paid afterwards, since the country was founded."""
    monkeypatch.setattr(suppliers, "adapter_for", lambda **_: PromptSupplier())
    monkeypatch.setattr(handlers, "send_sms", lambda **_: None)
    PromptSupplier.switched.clear()
    with tenancy.shared():
        for supplier in Supplier.objects.all():
            offer_terms(supplier=supplier, at=world.FOUNDED_AT)
    yield cast


def plan() -> Plan:
    on_demand = Plan.objects.get(public_id=world.a_choice().plan_id)
    return Plan.objects.select_related("offering").get(
        offering__plans=on_demand, kind=PlanKind.POSTPAID
    )


def allow(who: Customer, limit: Money) -> None:
    credit.set_limit(
        customer_id=who.public_id,
        name=str(who),
        limit=limit,
        by=world.staff(Role.FINANCE),
        beneficiary=who.user.public_id,
        at=clock.now(),
    )


def ask(who: Customer, quantity: int = 1) -> Order:
    at = clock.now()
    item = price_hour(plan().public_id, quantity, at=at)
    return placing.open_postpaid(
        customer=who,
        plan_id=plan().public_id,
        quantity=quantity,
        shown_hourly=item.hourly,
        terms_version=placing.TERMS_VERSION,
        request_key=ids.new_id(),
        at=at,
    )


def run(who: Customer, since: datetime, quantity: int = 1) -> list[Resource]:
    """Machines that are paid afterwards, as if they had been running since then, not yet metered."""
    order = ask(who, quantity)
    opening.open_order(order_id=order.public_id, at=clock.now())
    advance()
    machines = Resource.objects.filter(line__order=order)
    machines.update(started_at=since, metered_until=since)
    return list(machines.select_related("line__plan", "customer__user"))


def advance() -> None:
    """Takes every step of the suppliers' work that is due."""
    for _ in range(6):
        for work in WorkOrder.objects.exclude(state__in=("DONE", "FAILED")):
            steps.advance(work_order_id=work.public_id, at=clock.now())


@pytest.fixture
def since() -> datetime:
    """A moment some hours ago, on a whole second."""
    return clock.now().replace(microsecond=0) - timedelta(hours=8)
