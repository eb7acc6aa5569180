from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Min, Q, QuerySet

from .errors import UnknownDelivery
from .models import Delivery, State


@dataclass(frozen=True, slots=True)
class Backlog:
    """`pending` waits; of it `due` should have been delivered by now, the oldest of them since `oldest_at`."""

    pending: int
    due: int
    retrying: int
    dead: int
    oldest_at: datetime | None


def backlog(*, at: datetime) -> Backlog:
    """What waits to be delivered at a moment, as far as the asking role can see."""
    late = Q(state=State.PENDING, due_at__lte=at)
    counts = Delivery.objects.aggregate(
        pending=Count("id", filter=Q(state=State.PENDING)),
        retrying=Count("id", filter=Q(state=State.PENDING, attempts__gt=0)),
        dead=Count("id", filter=Q(state=State.DEAD)),
        due=Count("id", filter=late),
        oldest_at=Min("due_at", filter=late),
    )
    return Backlog(**counts)


def deliveries(*, condition: str = "", text: str = "", schema: str = "") -> QuerySet[Delivery]:
    """Deliveries, newest first, as far as the asking role can see.

    `condition` is PENDING (never tried), RETRYING, DEAD or DONE; `text` is part of a topic, handler
    or error.
    """
    found = Delivery.objects.order_by("-id")
    if condition == "RETRYING":
        found = found.filter(state=State.PENDING, attempts__gt=0)
    elif condition == "PENDING":
        found = found.filter(state=State.PENDING, attempts=0)
    elif condition:
        found = found.filter(state=condition)
    if text:
        found = found.filter(
            Q(topic__icontains=text) | Q(handler__icontains=text) | Q(last_error__icontains=text)
        )
    if schema:
        found = found.filter(schema=schema)
    return found


def delivery(*, public_id: UUID) -> Delivery:
    found = Delivery.objects.filter(public_id=public_id).first()
    if found is None:
        raise UnknownDelivery
    return found
