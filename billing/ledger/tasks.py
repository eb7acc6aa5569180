from __future__ import annotations

from celery import shared_task

from shared_apps.distributors.queries import fleet
from shared_apps.kernel import tenancy

from .services.folding import fold as fold_sums


@shared_task(ignore_result=True)
def fold_all() -> int:
    """Queues each distributor: its postings are folded into sums."""
    with tenancy.shared():
        found = [member.schema_name for member in fleet()]
    for schema in found:
        fold.delay(schema=schema)
    return len(found)


@shared_task(ignore_result=True)
def fold(*, schema: str) -> int:
    with tenancy.enter(schema):
        return fold_sums()
