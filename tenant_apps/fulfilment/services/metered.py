"""Machines that are paid afterwards: metered hour by hour by the platform's clock, suspended, and let run again.

The clock is a chain of events, one an hour and machine. Whatever is delivered twice, or late, finds how
far the machine was metered, and goes on from there.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Sum

from billing.metering import queries as metering
from billing.metering.enums import UsageSource
from billing.metering.services import bills, charging, usage
from billing.pricing.proration import hours_of
from shared_apps.audit.services import record
from shared_apps.kernel.money import Money
from shared_apps.outbox.services import publish
from tenant_apps.customers.services import notify
from tenant_apps.fulfilment.enums import ResourceState
from tenant_apps.fulfilment.models import Resource

from .works import queue_switch

HOUR = timedelta(hours=1)
KEPT = timedelta(days=7)  # a suspended machine, before it is released


def tick(*, line_id: UUID, at: datetime) -> None:
    """Meters and charges every hour that is over; then the machine runs on if the next one is covered.

    Safe to repeat. Locks the resource, and after it the customer's credit and balance.
    """
    with transaction.atomic():
        resource = _locked(line_id)
        if resource is None or resource.state != ResourceState.RUNNING:
            return
        moved = False
        while resource.metered_until is not None and resource.metered_until + HOUR <= at:
            _meter(resource, resource.metered_until + HOUR, at)
            moved = True
        if not moved:
            return
        if _covered(resource):
            _next(resource)
        else:
            _suspend(resource, at, "余额与信用额度不足以支付下一小时")


def close(*, resource: Resource, at: datetime) -> None:
    """Meters up to the moment at which a machine stops. The resource is locked."""
    while resource.metered_until is not None and resource.metered_until < at:
        _meter(resource, min(resource.metered_until + HOUR, at), at)
    record("resource.close_meter", obj=resource)


def suspend_all(*, customer_id: UUID, at: datetime) -> int:
    """Suspends a customer's machines that are paid afterwards: a bill was not paid within its grace."""
    with transaction.atomic():
        found = _of(customer_id, ResourceState.RUNNING)
        for resource in found:
            _suspend(resource, at, "账单逾期未付")
    return len(found)


def resume_all(*, customer_id: UUID, at: datetime) -> int:
    """After money came: pays what is overdue, books what waited, and lets the machines run again.

    Safe to repeat; nothing happens while anything stands against it.
    """
    if not bills.settle(customer_id=customer_id, at=at):
        return 0
    with transaction.atomic():
        resumed = 0
        for resource in _of(customer_id, ResourceState.SUSPENDED):
            if not _covered(resource):
                break
            resource.state, resource.suspended_at, resource.metered_until = (
                ResourceState.RUNNING,
                None,
                at,
            )
            resource.save(update_fields=["state", "suspended_at", "metered_until"])
            queue_switch(resource, at)
            _next(resource)
            record(
                "resource.resume",
                obj=resource,
                before={"state": "SUSPENDED"},
                after={"state": "RUNNING"},
            )
            notify(
                customer=resource.customer,
                title="资源已恢复运行",
                body=f"“{resource.name}”已恢复运行，从现在起继续计费。",
                link=f"/resources/{resource.public_id}/",
            )
            resumed += 1
    return resumed


def try_again(*, line_id: UUID, suspended_at: datetime, at: datetime) -> None:
    """Looks every hour, for as long as a machine is suspended, whether it may run: money comes in many ways."""
    resource = Resource.objects.select_related("customer").filter(line__public_id=line_id).first()
    if resource is None or resource.suspended_at != suspended_at:
        return
    resume_all(customer_id=resource.customer.public_id, at=at)
    resource.refresh_from_db()
    if resource.state == ResourceState.SUSPENDED and resource.suspended_at == suspended_at:
        with transaction.atomic():
            told = {"line": str(line_id), "suspended_at": suspended_at.isoformat()}
            publish("resource.try_resume", told, not_before=at + HOUR)
            record("resource.try_resume", obj=resource)


def _suspend(resource: Resource, at: datetime, reason: str) -> None:
    close(resource=resource, at=at)
    resource.state, resource.suspended_at = ResourceState.SUSPENDED, at
    resource.save(update_fields=["state", "suspended_at"])
    queue_switch(resource, at)
    line = str(resource.line.public_id)
    told = {"line": line, "suspended_at": at.isoformat()}
    publish("resource.release_suspended", told, not_before=at + KEPT)
    publish("resource.try_resume", told, not_before=at + HOUR)
    record(
        "resource.suspend",
        obj=resource,
        before={"state": "RUNNING"},
        after={"state": "SUSPENDED"},
        note=reason,
    )
    notify(
        customer=resource.customer,
        title="资源已暂停",
        body=(
            f"“{resource.name}”已暂停：{reason}。暂停期间不计费；充值或结清账单后自动恢复，"
            "7 天内没有恢复的将释放，数据无法恢复。"
        ),
        link=f"/resources/{resource.public_id}/",
        important=True,
    )


def _meter(resource: Resource, until: datetime, at: datetime) -> None:
    """One record of what was used since the last, and its charge."""
    since = resource.metered_until
    if since is None or until <= since:
        return
    told = usage.tell(
        source=UsageSource.PLATFORM,
        record_id=f"{resource.number}@{since.isoformat()}",
        resource_id=resource.public_id,
        customer_id=resource.customer.public_id,
        name=resource.name,
        component="instance",
        starts_at=since,
        ends_at=until,
        quantity=hours_of(since, until),
        at=at,
    )
    charging.charge(
        usage=told, machine=resource.line.public_id, plan_id=resource.line.plan_id, at=at
    )
    resource.metered_until = until
    resource.save(update_fields=["metered_until"])


def _covered(resource: Resource) -> bool:
    """Whether the customer can bear the next hour of all machines that run, this one with them."""
    customer = resource.customer
    running = Resource.objects.filter(
        customer=customer, state=ResourceState.RUNNING, metered_until__isnull=False
    ).exclude(pk=resource.pk)
    others = running.aggregate(n=Sum("line__hourly_minor"))["n"] or 0
    if metering.waiting_of(customer_id=customer.public_id):
        return False
    return metering.room(customer_id=customer.public_id) >= Money(
        others + resource.line.hourly_minor
    )


def _next(resource: Resource) -> None:
    if resource.metered_until is not None:
        publish(
            "usage.tick",
            {"line": str(resource.line.public_id)},
            not_before=resource.metered_until + HOUR,
        )


def _locked(line_id: UUID) -> Resource | None:
    held = Resource.objects.select_for_update(of=("self",))
    return held.select_related("line", "customer__user").filter(line__public_id=line_id).first()


def _of(customer_id: UUID, state: ResourceState) -> list[Resource]:
    held = Resource.objects.select_for_update(of=("self",)).select_related("line", "customer__user")
    return list(
        held.filter(
            customer__public_id=customer_id, state=state, metered_until__isnull=False
        ).order_by("id")
    )
