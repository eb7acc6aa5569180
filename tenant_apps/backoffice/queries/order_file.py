from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from billing.balances import queries as balances
from billing.balances.models import Hold
from billing.payments import records as payments
from billing.payments.models import PaymentIntent, Refund
from billing.settlement import queries as settlement
from billing.settlement.queries import OwnHop
from shared_apps.audit import queries as audit
from shared_apps.audit.models import Record
from shared_apps.distributors.models import Distributor
from shared_apps.identity.models import User
from shared_apps.kernel.money import Money, total
from tenant_apps.fulfilment import queries as fulfilment
from tenant_apps.fulfilment.models import Resource, WorkOrder
from tenant_apps.orders import queries as orders
from tenant_apps.orders.enums import LineState
from tenant_apps.orders.models import Order, OrderLine
from tenant_apps.orders.refunds import Refundable, refundable

MOST_RECORDS = 100


@dataclass(frozen=True, slots=True)
class LineFile:
    """`hop` is what this distributor itself owes one level up; None where the asker may not know."""

    line: OrderLine
    hop: OwnHop | None
    hold: Hold | None
    resource: Resource | None
    work: list[WorkOrder]
    may: Refundable

    @property
    def refundable(self) -> bool:
        return bool(self.line.state == LineState.OPEN)

    @property
    def margin(self) -> Money | None:
        return self.line.kept - self.hop.net if self.hop else None


@dataclass(frozen=True, slots=True)
class OrderFile:
    order: Order
    lines: list[LineFile]
    intents: list[PaymentIntent]
    refunds: list[Refund]
    records: list[Record]

    @property
    def paid_outside(self) -> bool:
        """Whether refunds go back to a payment provider; otherwise they stay in the balance."""
        return bool(self.order.paid_intent)

    @property
    def payable(self) -> Money | None:
        """What this level owes for what is open: given back and failed lines owe nothing."""
        hops = [entry.hop for entry in self.lines if entry.hop and entry.refundable]
        return total(hop.net for hop in hops) if hops else None


def order_file(
    *, user: User, public_id: UUID, me: Distributor, with_cost: bool, at: datetime
) -> OrderFile:
    """Everything about one order that this person may see. The number of queries is fixed."""
    order = orders.order(user, public_id)
    lines = list(order.lines.prefetch_related("refunds").select_related("supplier", "plan"))
    ids = [line.public_id for line in lines]
    hops = settlement.own_costs(trace_ids=ids, me=me) if with_cost else {}
    holds = balances.holds(subject_ids=ids)
    resources = fulfilment.of_lines(line_ids=ids)
    work = fulfilment.work_of(line_ids=ids)
    intents = payments.intents_with_refunds(order_id=order.public_id)
    refunds = [
        refund
        for intent in intents
        if hasattr(intent, "payment")
        for refund in intent.payment.refunds.all()
    ]
    concerned = [order, *lines, *work, *resources.values(), *intents, *refunds]
    return OrderFile(
        order=order,
        lines=[
            LineFile(
                line=line,
                hop=hops.get(line.public_id),
                hold=holds.get(line.public_id),
                resource=resources.get(line.public_id),
                work=[one for one in work if one.line_id == line.pk],
                may=refundable(line, at=at),
            )
            for line in lines
        ],
        intents=intents,
        refunds=refunds,
        records=list(audit.histories(concerned)[:MOST_RECORDS]),
    )
