"""Work orders come about here; the steps that follow are in `steps`."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from shared_apps.audit.services import record
from tenant_apps.fulfilment.enums import ResourceState, WorkKind
from tenant_apps.fulfilment.models import Resource
from tenant_apps.orders.enums import LineState, OrderState
from tenant_apps.orders.models import Order

from . import lasting, metered
from .works import queue


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
                created += queue(line, WorkKind.CREATE, at)
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
            .select_related("line", "customer")
            .filter(line__public_id=line_id)
            .first()
        )
        if resource is None or resource.state not in (
            ResourceState.RUNNING,
            ResourceState.SUSPENDED,
        ):
            return
        before = resource.state
        if before == ResourceState.RUNNING and resource.metered_until is not None:
            metered.close(resource=resource, at=at)
        resource.state = ResourceState.ENDING
        resource.access_sealed = ""
        resource.save(update_fields=["state", "access_sealed"])
        queue(resource.line, WorkKind.TERMINATE, at)
        record(
            "resource.terminate",
            obj=resource,
            before={"state": before},
            after={"state": "ENDING"},
            note=reason,
        )


def end(*, line_id: UUID, at: datetime) -> None:
    """Releases a machine whose time is over; one that was given more time is left alone. Safe to repeat."""
    resource = Resource.objects.filter(line__public_id=line_id).first()
    if resource is not None and resource.ends_at is not None and resource.ends_at <= at:
        terminate(line_id=line_id, at=at, reason="使用期已满")


def release_suspended(*, line_id: UUID, suspended_at: datetime, at: datetime) -> None:
    """Releases a machine that has been suspended all the while since `suspended_at`. Safe to repeat."""
    resource = Resource.objects.filter(line__public_id=line_id).first()
    if resource is not None and (resource.state, resource.suspended_at) == (
        ResourceState.SUSPENDED,
        suspended_at,
    ):
        terminate(line_id=line_id, at=at, reason="暂停后未恢复")
