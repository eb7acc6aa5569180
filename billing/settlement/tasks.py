from __future__ import annotations

from celery import shared_task

from shared_apps.kernel import tenancy

from . import booker, queries


@shared_task(ignore_result=True)
def book_pending() -> int:
    """Asks the shared plane who has something to book, and queues each of them."""
    with tenancy.shared():
        schemas = queries.schemas_with_pending_bookings()
    for schema in schemas:
        book.delay(schema=schema)
    return len(schemas)


@shared_task(ignore_result=True)
def book(*, schema: str) -> int:
    with tenancy.enter(schema):
        return booker.book()
