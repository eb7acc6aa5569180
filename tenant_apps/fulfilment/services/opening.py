"""Work orders come about here; the steps that follow are in `steps`."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from shared_apps.audit.services import record
from shared_apps.outbox.services import publish
from tenant_apps.fulfilment.enums import ResourceState, WorkKind
from tenant_apps.fulfilment.models import Resource, WorkOrder
from tenant_apps.orders.enums import LineState, OrderState
from tenant_apps.orders.models import Order, OrderLine

from . import lasting

TIME_TO_OPEN = timedelta(minutes=15)


def open_order(*, order_id: UUID, at: datetime) -> int:
    """One work order for each machine to be opened; more time for those that run. Safe to repeat.

    Returns how many work orders are new.
    """
    with transaction.atomic():
        order = Order.objects.select_for_update().get(public_id=order_id)
        if order.state != OrderState.PAID:
            return 0
        created = 0
        for line in order.lines.filter(state=LineState.OPENING):
            if line.renews_id is None:
                created += _queue(line, WorkKind.CREATE, at)
            else:
                lasting.extend(line=line, at=at)
        if created:
            record("work_order.open_order", obj=order, after={"work_orders": created})
    return created


def terminate(*, line_id: UUID, at: datetime, reason: str) -> None:
    """Releases a line's machine at the supplier. Safe to repeat. Locks the resource."""
    with transaction.atomic():
        resource = (
            Resource.objects.select_for_update(of=("self",))
            .select_related("line")
            .filter(line__public_id=line_id)
            .first()
        )
        if resource is None or resource.state != ResourceState.RUNNING:
            return
        resource.state = ResourceState.ENDING
        resource.access_sealed = ""
        resource.save(update_fields=["state", "access_sealed"])
        _queue(resource.line, WorkKind.TERMINATE, at)
        record(
            "resource.terminate",
            obj=resource,
            before={"state": "RUNNING"},
            after={"state": "ENDING"},
            note=reason,
        )


def end(*, line_id: UUID, at: datetime) -> None:
    """Releases a machine whose time is over; one that was given more time is left alone. Safe to repeat."""
    resource = Resource.objects.filter(line__public_id=line_id).first()
    if resource is not None and resource.ends_at <= at:
        terminate(line_id=line_id, at=at, reason="使用期已满")


def _queue(line: OrderLine, kind: WorkKind, at: datetime) -> int:
    work, created = WorkOrder.objects.get_or_create(
        line=line, kind=kind, defaults={"deadline_at": at + TIME_TO_OPEN}
    )
    if created:
        publish("work_order.due", {"work_order": str(work.public_id)})
    return int(created)
