from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, Q

from .models import Delivery, State


@dataclass(frozen=True, slots=True)
class Backlog:
    pending: int
    retrying: int
    dead: int
    oldest_at: datetime | None


def backlog() -> Backlog:
    """What waits to be delivered, as far as the asking role can see."""
    counts = Delivery.objects.aggregate(
        pending=Count("id", filter=Q(state=State.PENDING)),
        retrying=Count("id", filter=Q(state=State.PENDING, attempts__gt=0)),
        dead=Count("id", filter=Q(state=State.DEAD)),
        oldest_at=Min("created_at", filter=Q(state=State.PENDING)),
    )
    return Backlog(**counts)
