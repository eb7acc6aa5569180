"""kill -9 in the middle of opening a resource: after the restart it is opened once, and paid for once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from billing.balances.models import Hold
from billing.balances.queries import CustomerBalance, balance_of
from billing.ledger.models import Entry
from billing.settlement.models import Booking, Obligation
from billing.settlement.proof import prove
from shared_apps.distributors.models import Distributor
from shared_apps.kernel import clock, tenancy
from shared_apps.kernel.money import Money
from shared_apps.outbox.models import Delivery
from tenant_apps.fulfilment.enums import WorkState
from tenant_apps.fulfilment.models import Resource, WorkOrder
from tenant_apps.orders.enums import LineState, OrderState
from tenant_apps.orders.models import Order, OrderLine
from tenant_apps.orders.services import paying
from tests import outside, world
from tests.conftest import Inside
from tests.own_processes import Worker
from tests.sandbox_process import Sandbox, until

RECHARGED = Money.of("10000")


@dataclass(frozen=True)
class Opening:
    """One machine at pier (depth 3), paid from its customer's balance, and being opened by the worker."""

    sandbox: Sandbox
    shop: Distributor
    slug: str
    line: OrderLine

    def instance(self) -> dict[str, Any] | None:
        known = self.sandbox.instances(self.slug)
        return next((i for i in known if i["instance_id"] == str(self.line.public_id)), None)

    def has_begun(self) -> bool:
        with tenancy.enter(self.shop.schema_name):
            return Delivery.objects.filter(topic="order.paid").exclude(attempts=0).exists()

    def is_in(self, state: WorkState) -> bool:
        with tenancy.enter(self.shop.schema_name):
            return WorkOrder.objects.filter(line=self.line, state=state).exists()

    def is_slow(self) -> bool:
        """The fault that holds up the worker's call has struck."""
        return any(fault["used"] for fault in self.sandbox.faults())

    def is_over(self) -> bool:
        with tenancy.enter(self.shop.schema_name):
            return Order.objects.get(pk=self.line.order_id).state == OrderState.COMPLETED


@dataclass(frozen=True)
class Moment:
    """When the worker is killed: which call is held up, and how it shows that it is time."""

    name: str
    reached: Callable[[Opening], bool]
    fault: str = "delay"
    operation: str = ""


MOMENTS = (
    Moment("the order is being looked at", Opening.has_begun),
    Moment("asked, and the supplier has not begun", Opening.is_slow, operation="provision"),
    Moment(
        "opened, and the answer does not come",
        lambda opening: opening.instance() is not None,
        fault="timeout_after",
        operation="provision",
    ),
    Moment(
        "asked whether the machine is up",
        lambda opening: opening.is_in(WorkState.PROVISIONING) and opening.is_slow(),
        operation="poll",
    ),
    Moment(
        "asked how to get in",
        lambda opening: opening.is_in(WorkState.BINDING) and opening.is_slow(),
        operation="bind",
    ),
)


@pytest.mark.slow
@pytest.mark.processes
def test_what_was_being_opened_is_opened_once(
    worker: Worker, sandbox: Sandbox, pier: Distributor, inside: Inside
) -> None:
    with inside(pier):
        who, choice = world.customer(), world.a_choice(hours=4)
        world.recharge(who, RECHARGED)
    slug = outside.connect_supplier(sandbox, choice.plan_id)
    before = len(sandbox.instances(slug))
    worker.start()
    openings = []
    for moment in MOMENTS:
        with inside(pier):
            order = world.place(who, choice)
            opening = Opening(sandbox, pier, slug, order.lines.get())
            if moment.operation:
                sandbox.fault("osb", moment.fault, match={"operation": moment.operation}, seconds=4)
            paying.pay_from_balance(order=order, at=clock.now())
        _until(opening, moment, lambda: moment.reached(opening))  # noqa: B023  called at once
        worker.kill()
        assert not opening.is_over(), f"{moment.name}: killed too late to show anything"
        sandbox.clear()
        worker.start()
        _until(opening, moment, opening.is_over)
        openings.append(opening)
    until(_all_booked, seconds=60)
    worker.kill()

    assert len(sandbox.instances(slug)) == before + len(MOMENTS)
    for moment, opening in zip(MOMENTS, openings, strict=True):
        made = opening.instance()
        assert made is not None
        found = (made["times_created"], made["state"], made["bindings"])
        assert found == (1, "READY", 1), moment.name
    with inside(pier):
        times, spent = len(MOMENTS), Money(openings[0].line.amount_minor * len(MOMENTS))
        assert set(OrderLine.objects.values_list("state", flat=True)) == {LineState.OPEN}
        assert set(WorkOrder.objects.values_list("state", flat=True)) == {WorkState.DONE}
        assert (Resource.objects.count(), WorkOrder.objects.count()) == (times, times)
        assert Entry.objects.filter(kind="consumption").count() == times
        assert list(Hold.objects.values_list("state", flat=True)) == ["CAPTURED"] * times
        left = CustomerBalance(RECHARGED - spent, Money.zero())
        assert balance_of(customer_id=who.public_id) == left
        assert not Delivery.objects.filter(state="DEAD").exists()
    with tenancy.shared():
        # Every level's hop, and both sides of each but the supplier's own.
        assert (Obligation.objects.count(), Booking.objects.count()) == (4 * times, 7 * times)
    with tenancy.owner():
        proof = prove(at=clock.now())
    assert proof.ok, [str(difference) for difference in proof.differences]
    assert proof.in_transit == 0


def _until(opening: Opening, moment: Moment, condition: Callable[[], bool]) -> None:
    try:
        until(condition, seconds=60)
    except AssertionError as error:
        with tenancy.enter(opening.shop.schema_name):
            works = list(WorkOrder.objects.values("state", "attempts", "last_error"))
            pending = list(Delivery.objects.filter(state="PENDING").values("topic", "last_error"))
        raise AssertionError(f"{moment.name}: {error}\n{works}\n{pending}") from error


def _all_booked() -> bool:
    with tenancy.shared():
        return not Booking.objects.filter(booked_at=None).exists()
