"""Publish, lease, deliver. Delivery is at least once: handlers re-check the state they are queued for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.utils.module_loading import import_string

from shared_apps.audit.services import record
from shared_apps.kernel import clock, tenancy
from shared_apps.kernel.context import SYSTEM, Actor, acting

from .errors import NotDead, UnknownDelivery
from .models import Delivery, State

log = structlog.get_logger(__name__)

Handler = Callable[[dict[str, Any]], None]

MOST_ATTEMPTS = 20


@cache
def subscriptions() -> Mapping[str, Sequence[str]]:
    """Topic → dotted names of handlers: the table in `settings.OUTBOX_SUBSCRIPTIONS`."""
    table: Mapping[str, Sequence[str]] = import_string(settings.OUTBOX_SUBSCRIPTIONS)
    return table


def publish(topic: str, payload: dict[str, Any], *, not_before: datetime | None = None) -> None:
    """Writes the event for each of its handlers, in the caller's transaction; nudges the relay on commit.

    An unknown topic is an error: news that nobody hears is a mistake in the wiring.
    """
    schema = tenancy.current() or tenancy.PUBLIC
    rows = [
        Delivery(schema=schema, topic=topic, handler=handler, payload=payload)
        for handler in handlers(topic)
    ]
    for row in rows:
        if not_before is not None:
            row.due_at = not_before
    Delivery.objects.bulk_create(rows)
    if not_before is None:
        nudge()


def handlers(topic: str) -> Sequence[str]:
    """Who hears of a topic; also for a statement of another app that writes deliveries by itself."""
    if topic not in subscriptions():
        raise LookupError(f"No line for {topic!r} in the wiring.")
    return subscriptions()[topic]


def nudge() -> None:
    """Asks for the relay as soon as the caller's transaction has committed."""
    if settings.OUTBOX_NUDGE:
        transaction.on_commit(_nudge, robust=True)


def _nudge() -> None:
    import_string(settings.OUTBOX_NUDGE)()


def lease_due(*, at: datetime, limit: int = 200) -> list[tuple[int, str]]:
    """Takes what is due, in the shared plane, and puts it out of others' reach for a lease.

    The lease is what a killed worker's deliveries wait before another takes them. Returns
    (delivery id, schema) pairs. One statement; workers do not wait for each other.
    """
    until = at + timedelta(seconds=settings.OUTBOX_LEASE_SECONDS)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE outbox_delivery SET due_at = %(until)s
             WHERE id IN (SELECT id FROM outbox_delivery
                           WHERE state = 'PENDING' AND due_at <= %(at)s
                           ORDER BY due_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
            RETURNING id, schema
            """,
            {"at": at, "until": until, "limit": limit},
        )
        return [(row[0], row[1]) for row in cursor.fetchall()]


def deliver(*, delivery_id: int) -> bool:
    """Runs one delivery's handler where we stand; True when it is done.

    Must run inside the delivery's own tenant (or the shared plane). A failure is kept with its
    reason and tried again later, with growing pauses; after `MOST_ATTEMPTS` it is dead and listed.
    """
    row = Delivery.objects.filter(pk=delivery_id, state=State.PENDING).first()
    if row is None:
        return True
    if row.schema != (tenancy.current() or tenancy.PUBLIC):
        raise tenancy.TenantNotSet(f"Delivery {delivery_id} belongs to {row.schema}.")
    worker = Actor(
        kind="SYSTEM", id=row.handler, name=str(SYSTEM.name), request_id=str(row.public_id)
    )
    try:
        handler = _handler(row)
        with acting(worker):
            handler(row.payload)
    except Exception as error:  # whatever a handler raises, the event must not be lost
        log.exception("outbox.failed", delivery=row.pk, topic=row.topic, handler=row.handler)
        _failed(row, error)
        return False
    Delivery.objects.filter(pk=row.pk).update(
        state=State.DONE, done_at=clock.now(), attempts=row.attempts + 1
    )
    return True


def _handler(row: Delivery) -> Handler:
    """What the wiring names, and nothing else: a row says which, it does not say what may run."""
    if row.handler not in subscriptions().get(row.topic, ()):
        raise LookupError(f"{row.handler} does not hear {row.topic} by the wiring.")
    handler: Handler = import_string(row.handler)
    return handler


def _failed(row: Delivery, error: Exception) -> None:
    attempts = row.attempts + 1
    pause = min(2 ** min(attempts, 9), 300)
    Delivery.objects.filter(pk=row.pk).update(
        attempts=attempts,
        state=State.DEAD if attempts >= MOST_ATTEMPTS else State.PENDING,
        due_at=clock.now() + timedelta(seconds=pause),
        last_error=_told(error)[:2000],
    )


def _told(error: Exception) -> str:
    """What went wrong, for whoever watches the queue: never the rows that a database error quotes."""
    if isinstance(error, DatabaseError):
        diag = getattr(error.__cause__, "diag", None)
        parts = [
            getattr(diag, name, None) for name in ("sqlstate", "constraint_name", "message_primary")
        ]
        return f"{type(error).__name__}: {' '.join(p for p in parts if p)}"
    return f"{type(error).__name__}: {error}"


def retry_dead(*, public_id: UUID, at: datetime) -> Delivery:
    """Puts a dead delivery back into the queue with its attempts counted anew; the next relay takes it.

    Stands in the shared plane: a tenant's role may not touch another's rows. Locks the delivery.
    """
    with transaction.atomic():
        row = Delivery.objects.select_for_update().filter(public_id=public_id).first()
        if row is None:
            raise UnknownDelivery
        if row.state != State.DEAD:
            raise NotDead
        before = {"state": row.state, "attempts": row.attempts, "error": row.last_error}
        row.state, row.attempts, row.due_at = State.PENDING, 0, at
        row.save(update_fields=["state", "attempts", "due_at"])
        record(
            "outbox.retry",
            obj=row,
            before=before,
            after={"state": row.state, "topic": row.topic, "schema": row.schema},
        )
        if settings.OUTBOX_NUDGE:
            transaction.on_commit(_nudge, robust=True)
    return row
