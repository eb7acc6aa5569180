from __future__ import annotations

from celery import shared_task

from shared_apps.distributors.queries import fleet
from shared_apps.kernel import clock, tenancy

from . import services


@shared_task(ignore_result=True)
def reconcile_all() -> int:
    """Queues each distributor: yesterday's bills, and those that were not there yet."""
    with tenancy.shared():
        found = [member.schema_name for member in fleet()]
    for schema in found:
        reconcile.delay(schema=schema)
    return len(found)


@shared_task(ignore_result=True)
def reconcile(*, schema: str) -> int:
    with tenancy.enter(schema):
        return len(services.run_due(at=clock.now()))
