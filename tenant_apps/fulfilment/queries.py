from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.db.models import F, Q, QuerySet, Sum

from shared_apps.identity.models import User
from shared_apps.kernel.money import Money
from tenant_apps.customers import queries as customers
from tenant_apps.orders.enums import LineState
from tenant_apps.orders.models import OrderLine

from .enums import ResourceState
from .errors import ResourceNotFound
from .models import Resource, WorkOrder


def visible_to(user: User) -> QuerySet[Resource]:
    """Resources of the customers whom this person may see."""
    return Resource.objects.filter(customer__in=customers.visible_to(user)).select_related(
        "line__order", "line__plan", "supplier__hub", "customer__user"
    )


def resource(user: User, public_id: UUID) -> Resource:
    found = visible_to(user).filter(public_id=public_id).first()
    if found is None:
        raise ResourceNotFound
    return found


def find(
    *, user: User, text: str = "", state: str = "", customer_id: UUID | None = None
) -> QuerySet[Resource]:
    """Resources, newest first; `text` is part of a number or name, or the customer's name."""
    found = visible_to(user).order_by("-id")
    if text:
        found = found.filter(
            Q(number__icontains=text)
            | Q(name__icontains=text)
            | Q(line__order__number__icontains=text)
            | Q(customer__company__icontains=text)
            | Q(customer__user__name__icontains=text)
        )
    if state:
        found = found.filter(state=state)
    if customer_id is not None:
        found = found.filter(customer__public_id=customer_id)
    return found


def running(*, user: User) -> int:
    return visible_to(user).filter(state=ResourceState.RUNNING).count()


def of_lines(*, line_ids: Collection[UUID]) -> dict[UUID, Resource]:
    """The resources that came of order lines, by line."""
    found = Resource.objects.filter(line__public_id__in=line_ids).select_related("line")
    return {resource.line.public_id: resource for resource in found}


def first_line(*, line_id: UUID) -> UUID:
    """The line that opened the machine for which this one bought more time; or itself."""
    line = OrderLine.objects.select_related("renews").get(public_id=line_id)
    return (line.renews or line).public_id


def last_line(resource: Resource) -> OrderLine:
    """The line whose hours come last: unused time is given back from there."""
    newest = (
        OrderLine.objects.filter(renews=resource.line_id, state=LineState.OPEN)
        .select_related("order__customer__user")
        .order_by("-id")
        .first()
    )
    return newest or resource.line


def paid(resource: Resource) -> Money:
    """What a machine has cost so far, less what went back."""
    lines = OrderLine.objects.filter(Q(pk=resource.line_id) | Q(renews=resource.line_id))
    row = lines.filter(state__in=(LineState.OPEN, LineState.REFUNDED)).aggregate(
        minor=Sum(F("amount_minor") - F("refunded_minor"))
    )
    return Money(row["minor"] or 0)


def work_of(*, line_ids: Collection[UUID]) -> list[WorkOrder]:
    """What was asked of suppliers for order lines, in order."""
    found = WorkOrder.objects.filter(line__public_id__in=line_ids).select_related("line")
    return list(found.order_by("id"))
