from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import models
from django.db.models import Q, QuerySet

from shared_apps.kernel.errors import NotFound

from .models import Record


def history(obj: models.Model) -> QuerySet[Record]:
    """Everything that was done to one object, newest first."""
    return histories([obj])


def histories(objects: Iterable[models.Model]) -> QuerySet[Record]:
    """Everything that was done to any of several objects, newest first. One query."""
    wanted = Q(pk=None)
    for obj in objects:
        wanted |= Q(
            object_type=obj._meta.label_lower, object_id=str(getattr(obj, "public_id", obj.pk))
        )
    return Record.objects.filter(wanted).order_by("-at", "-pk")


def records(
    *,
    text: str = "",
    action: str = "",
    actor_kind: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
) -> QuerySet[Record]:
    """The audit of where we stand, newest first, for [since, until).

    `text` finds the actor's name or address, or the object's id; `action` also its family ("order").
    """
    found = Record.objects.order_by("-at", "-pk")
    if text:
        found = found.filter(
            Q(actor_name__icontains=text)
            | Q(object_id=text)
            | Q(request_id=text)
            | Q(note__icontains=text)
        )
    if action:
        found = found.filter(Q(action=action) | Q(action__startswith=f"{action}."))
    if actor_kind:
        found = found.filter(actor_kind=actor_kind)
    if since is not None:
        found = found.filter(at__gte=since)
    if until is not None:
        found = found.filter(at__lt=until)
    return found


def families() -> list[str]:
    """The first words of the actions that were ever recorded here."""
    names = Record.objects.order_by().values_list("action", flat=True).distinct()
    return sorted({name.partition(".")[0] for name in names})


def one(*, public_id: UUID) -> Record:
    found = Record.objects.filter(public_id=public_id).first()
    if found is None:
        raise NotFound
    return found
