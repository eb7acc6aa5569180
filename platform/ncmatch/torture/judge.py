"""What must be true once all is quiet. Each finding is a sentence; none is the goal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
from django.conf import settings

from billing.ledger.queries import balance
from billing.payments.enums import Provider
from billing.payments.models import MerchantAccount, Payment, Refund
from billing.payments.parties import channel_party
from billing.settlement.proof import prove
from shared_apps.distributors import queries as distributors
from shared_apps.distributors.models import Distributor
from shared_apps.kernel import clock, tenancy
from shared_apps.outbox.models import Delivery
from shared_apps.outbox.models import State as DeliveryState
from tenant_apps.fulfilment.enums import ResourceState, WorkState
from tenant_apps.fulfilment.models import Resource, WorkOrder
from tenant_apps.orders.enums import LineState, OrderState
from tenant_apps.orders.models import Order, OrderLine

# What a person can explain about an order when nothing is under way any more: which states its
# lines may have.
EXPLAINED: dict[str, set[str]] = {
    OrderState.AWAITING_PAYMENT: {LineState.WAITING},
    OrderState.CANCELLED: {LineState.CANCELLED},
    OrderState.COMPLETED: {LineState.OPEN, LineState.REFUNDED},
    OrderState.PARTLY_COMPLETED: {LineState.OPEN, LineState.REFUNDED, LineState.FAILED},
    OrderState.FAILED: {LineState.FAILED},
}


def findings() -> list[str]:
    """Everything that is not as it should be, or not yet."""
    with tenancy.shared():
        fleet = list(distributors.fleet())
    found = list(_books())
    known: set[str] = set()
    for shop in fleet:
        with tenancy.enter(shop.schema_name):
            found += [f"{shop.slug}: {what}" for what in _shop(shop)]
            known |= set(MerchantAccount.objects.values_list("app_id", flat=True))
    return found + list(_nobodys_money(known))


def _nobodys_money(known: set[str]) -> Iterator[str]:
    for row in _outside("/admin/money"):
        held = row["paid_fen"] - row["refunded_fen"]
        if row["provider"] == Provider.ALIPAY and held and row["account"] not in known:
            yield f"Alipay holds {held} fen for {row['account']}, which no shop has"


def _books() -> Iterator[str]:
    with tenancy.owner():
        proof = prove(at=clock.now())
    for difference in proof.differences:
        yield f"the books differ: {difference}"
    if proof.in_transit:
        yield f"{proof.in_transit} obligations are not booked yet"


def _shop(shop: Distributor) -> Iterator[str]:
    yield from _under_way()
    yield from _money()
    yield from _orders()
    yield from _machines()


def _under_way() -> Iterator[str]:
    unfinished = WorkOrder.objects.exclude(state__in=[WorkState.DONE, WorkState.FAILED]).count()
    if unfinished:
        yield f"{unfinished} work orders are under way"
    travelling = Refund.objects.filter(state="REQUESTED").count()
    if travelling:
        yield f"{travelling} refunds are under way"
    dead = Delivery.objects.filter(state=DeliveryState.DEAD).values_list("topic", "last_error")
    for topic, error in dead:
        yield f"a delivery of {topic} is dead: {error}"


def _money() -> Iterator[str]:
    """What the provider holds for us is what our books say lies there, to the fen."""
    held = {row["account"]: row for row in _outside("/admin/money")}
    for account in MerchantAccount.objects.filter(provider=Provider.ALIPAY):
        there = held.get(account.app_id, {"paid_fen": 0, "refunded_fen": 0})
        ours = balance(account="1012", party=channel_party(account)).minor
        theirs = there["paid_fen"] - there["refunded_fen"]
        if ours != theirs:
            yield f"Alipay {account.app_id} holds {theirs} fen, our books say {ours}"
    over = [p.pk for p in Payment.objects.all() if p.refunded_minor > p.amount_minor]
    if over:
        yield f"payments {over} were refunded beyond what was paid"


def _orders() -> Iterator[str]:
    for order in Order.objects.prefetch_related("lines"):
        states = {line.state for line in order.lines.all()}
        allowed = EXPLAINED.get(order.state)
        if allowed is None or not states <= allowed:
            yield f"order {order.number} is {order.state} with lines {sorted(states)}"


def _machines() -> Iterator[str]:
    """Every machine that a supplier runs is somebody's, and was made once."""
    there = {
        row["instance_id"]: row
        for supplier in _outside("/admin/suppliers")
        for row in _outside(f"/admin/suppliers/{supplier['slug']}/instances")
        if row["state"] != "DELETED"
    }
    lines = {
        str(line.public_id): line
        for line in OrderLine.objects.filter(public_id__in=list(there)).select_related("order")
    }
    for key, line in lines.items():
        if there[key]["times_created"] != 1:
            yield f"machine {key} was made {there[key]['times_created']} times"
        if line.state not in (LineState.OPEN, LineState.REFUNDED):
            yield f"machine {key} runs for a line that is {line.state}"
    running = Resource.objects.filter(state=ResourceState.RUNNING).select_related("line")
    for resource in running:
        if str(resource.line.public_id) not in there:
            yield f"resource {resource.public_id} runs nowhere"


def _outside(path: str) -> list[dict[str, Any]]:
    answer = httpx.get(f"{settings.SANDBOX_URL}{path}", trust_env=False, timeout=30)
    answer.raise_for_status()
    found: list[dict[str, Any]] = answer.json()
    return found
