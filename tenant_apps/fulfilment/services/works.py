"""How a work order comes about: one of a kind for each line, and the first step is due at once."""

from __future__ import annotations

from datetime import datetime, timedelta

from shared_apps.audit.services import record
from shared_apps.outbox.services import publish
from tenant_apps.fulfilment.enums import WorkKind, WorkState
from tenant_apps.fulfilment.models import Resource, WorkOrder
from tenant_apps.orders.models import OrderLine

TIME_TO_OPEN = timedelta(minutes=15)


def queue(line: OrderLine, kind: WorkKind, at: datetime) -> int:
    """Asks for the opening or the end of a line's machine, once; returns how many are new."""
    work, created = WorkOrder.objects.get_or_create(
        line=line, kind=kind, defaults={"deadline_at": at + TIME_TO_OPEN}
    )
    if created:
        _due(work)
    return int(created)


def queue_switch(resource: Resource, at: datetime) -> None:
    """Asks the supplier to bring a machine to the state that it has here. The resource is locked.

    One that is under way already looks at the state again before it is done.
    """
    work, created = WorkOrder.objects.exclude(
        state__in=(WorkState.DONE, WorkState.FAILED)
    ).get_or_create(
        line=resource.line, kind=WorkKind.SWITCH, defaults={"deadline_at": at + TIME_TO_OPEN}
    )
    if created:
        _due(work)


def _due(work: WorkOrder) -> None:
    publish("work_order.due", {"work_order": str(work.public_id)})
    record("work_order.queue", obj=work, after={"kind": work.kind})
