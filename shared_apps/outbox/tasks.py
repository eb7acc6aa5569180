"""The relay and the delivery, on Celery. Every task is told its tenant; none guesses."""

from __future__ import annotations

from celery import shared_task

from shared_apps.kernel import clock, tenancy

from . import services


@shared_task(ignore_result=True)
def relay() -> int:
    """Hands what is due to the workers; safe to run in any number at once."""
    with tenancy.shared():
        due = services.lease_due(at=clock.now())
    for delivery_id, schema in due:
        deliver.delay(schema=schema, delivery_id=delivery_id)
    return len(due)


@shared_task(ignore_result=True)
def deliver(*, schema: str, delivery_id: int) -> None:
    standing = tenancy.shared() if schema == tenancy.PUBLIC else tenancy.enter(schema)
    with standing:
        services.deliver(delivery_id=delivery_id)
