"""How long a machine runs: as long as its lines are paid for. More time is bought, unused time given back.

What is to happen at the end, and before it, is told ahead with the end that was true when it was told;
when it is delivered and the end has moved, another one has been told.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import NAMESPACE_OID, UUID, uuid5

import structlog
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from billing.ledger.errors import FloorBreached
from shared_apps.audit.services import record
from shared_apps.catalog.enums import PlanKind
from shared_apps.catalog.terms import HOURS_OF_MONTH
from shared_apps.kernel.errors import DomainError
from shared_apps.outbox.services import publish
from tenant_apps.customers.services import notify
from tenant_apps.fulfilment.enums import ResourceState
from tenant_apps.fulfilment.errors import NotRenewable, ResourceNotRunning
from tenant_apps.fulfilment.models import Resource
from tenant_apps.orders.enums import LineState
from tenant_apps.orders.models import OrderLine
from tenant_apps.orders.pricing import Choice, price, sum_of
from tenant_apps.orders.services import lines, paying, placing

log = structlog.get_logger(__name__)

REMIND = timedelta(days=3)  # before the end
RENEW = timedelta(days=1)  # before the end, from the balance
AGAIN = timedelta(hours=6)  # after a renewal for which the balance did not suffice


def plan_end(*, resource: Resource) -> None:
    """Tells what is to happen at a machine's end and before it; inside the caller's transaction."""
    line = str(resource.line.public_id)
    if resource.ends_at is None:
        return
    publish("resource.end", {"line": line}, not_before=resource.ends_at)
    if _by_month(resource):
        told = {"line": line, "ends_at": resource.ends_at.isoformat()}
        publish("resource.remind", told, not_before=resource.ends_at - REMIND)
        publish("resource.renew", told, not_before=resource.ends_at - RENEW)


def extend(*, line: OrderLine, at: datetime) -> None:
    """More time was paid for: the machine runs on, and the money is earned. Safe to repeat.

    One that is over by now can't run on: the line fails and the money goes back. Locks the resource.
    """
    with transaction.atomic():
        resource = _of(line.renews_id).get()
        if resource.state != ResourceState.RUNNING:
            lines.failed(line=line, reason="资源已经结束，不能续费", at=at)
            return
        before = resource.ends_at
        if before is None:
            raise NotRenewable
        lines.opened(line=line, at=at)
        resource.ends_at = before + timedelta(hours=line.hours)
        resource.save(update_fields=["ends_at"])
        plan_end(resource=resource)
        record(
            "resource.extend",
            obj=resource,
            before={"ends_at": before.isoformat()},
            after={"ends_at": resource.ends_at.isoformat()},
        )
        notify(
            customer=resource.customer,
            title="续费成功",
            body=f"“{resource.name}”已续费至 {_day(resource.ends_at)}，金额 {line.amount} 元。",
            link=f"/resources/{resource.public_id}/",
        )


def fit(*, line_id: UUID, at: datetime) -> bool:
    """After something was given back: the machine ends when what is still paid for is over.

    False when nothing is, and it is to be released now. Safe to repeat. Locks the resource.
    """
    with transaction.atomic():
        line = OrderLine.objects.get(public_id=line_id)
        resource = _of(line.renews_id or line.pk).first()
        if resource is None or resource.state != ResourceState.RUNNING or not line.amount_minor:
            return True
        first = resource.line_id
        paid = OrderLine.objects.filter(Q(pk=first) | Q(renews=first), state=LineState.OPEN)
        hours = sum(one.hours - one.refunded_hours for one in paid)
        if not hours:
            return False
        until = max(resource.started_at + timedelta(hours=hours), at)
        if until == resource.ends_at:
            return True
        before, resource.ends_at = resource.ends_at, until
        resource.save(update_fields=["ends_at"])
        plan_end(resource=resource)
        record(
            "resource.fit",
            obj=resource,
            before={"ends_at": before.isoformat() if before else None},
            after={"ends_at": until.isoformat()},
        )
    return True


def set_auto_renew(*, resource: Resource, on: bool) -> Resource:
    """Switches the renewal from the balance on or off; only what is bought by the month has it."""
    with transaction.atomic():
        held = _of(resource.line_id).get()
        if held.state != ResourceState.RUNNING:
            raise ResourceNotRunning(state=held.get_state_display())
        if not _by_month(held):
            raise NotRenewable
        if held.auto_renew != on:
            held.auto_renew = on
            held.save(update_fields=["auto_renew"])
            record(
                "resource.set_auto_renew",
                obj=held,
                before={"auto_renew": not on},
                after={"auto_renew": on},
            )
    return held


def remind(*, line_id: UUID, ends_at: datetime) -> None:
    """Tells the customer that a month is nearly over, and what will happen then."""
    resource = Resource.objects.select_related("customer__user", "line").get(
        line__public_id=line_id
    )
    if resource.state != ResourceState.RUNNING or resource.ends_at != ends_at:
        return
    then = (
        "将在到期前 1 天按当时的价格从余额自动续费 1 个月，请保持余额充足。"
        if resource.auto_renew
        else "到期后自动释放，数据无法恢复。需要继续使用请及时续费。"
    )
    with transaction.atomic():
        record("resource.remind", obj=resource)
        notify(
            customer=resource.customer,
            title="资源即将到期",
            body=f"“{resource.name}”将于 {_day(ends_at)} 到期。{then}",
            link=f"/resources/{resource.public_id}/",
            important=True,
        )


def auto_renew(*, line_id: UUID, ends_at: datetime, at: datetime) -> None:
    """Renews for a month from the balance, at the price of now; tries again later when it does not suffice.

    Safe to repeat: for one end there is one order.
    """
    resource = Resource.objects.select_related("customer__user", "line__plan", "line__order").get(
        line__public_id=line_id
    )
    if (
        resource.state != ResourceState.RUNNING
        or resource.ends_at != ends_at
        or not resource.auto_renew
    ):
        return
    line = resource.line
    try:
        with transaction.atomic():
            shown = sum_of(price([Choice(line.plan.public_id, 1, HOURS_OF_MONTH)], at=at))
            order = placing.renew(
                line=line,
                hours=HOURS_OF_MONTH,
                shown_total=shown,
                terms_version=placing.TERMS_VERSION,
                request_key=uuid5(NAMESPACE_OID, f"{resource.public_id} {ends_at.isoformat()}"),
                at=at,
            )
            paying.pay_from_balance(order=order, at=at)
    except DomainError as refused:
        log.warning("resource.not_renewed", resource=resource.number, code=refused.code)
        _not_renewed(resource, refused, ends_at, at)


def _not_renewed(resource: Resource, refused: DomainError, ends_at: datetime, at: datetime) -> None:
    reason = "余额不足" if isinstance(refused, FloorBreached) else str(refused)
    with transaction.atomic():
        record("resource.not_renewed", obj=resource, note=reason)
        notify(
            customer=resource.customer,
            title="自动续费没有成功",
            body=f"“{resource.name}”没有续费：{reason}。{_day(ends_at)} 到期后自动释放，请及时处理。",
            link=f"/resources/{resource.public_id}/",
            important=True,
        )
        if at + AGAIN < ends_at:
            publish(
                "resource.renew",
                {"line": str(resource.line.public_id), "ends_at": ends_at.isoformat()},
                not_before=at + AGAIN,
            )


def _of(line_pk: int | None) -> QuerySet[Resource]:
    """The machine that a line opened, under lock."""
    held = Resource.objects.select_for_update(of=("self",))
    return held.select_related("line__plan", "customer__user").filter(line=line_pk)


def _by_month(resource: Resource) -> bool:
    return bool(resource.line.plan.kind == PlanKind.MONTHLY)


def _day(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M}"
