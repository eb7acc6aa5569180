"""Writing the books: the one way in, whatever happened. An entry needs no audit row besides itself:
it is written once, names its source and its time, and cannot be changed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import connection, transaction

from billing.ledger.errors import refusals
from billing.ledger.events import Event
from billing.ledger.models import Entry
from billing.ledger.parties import Party
from billing.ledger.queries.rules import current_book
from shared_apps.audit import services as audit
from shared_apps.kernel.money import Money


def post_event(
    *,
    event: str,
    source: str,
    effective_at: datetime,
    parties: Mapping[str, Party],
    amounts: Mapping[str, Money],
    memo: str = "",
    details: Mapping[str, str] | None = None,
) -> Entry:
    """Posts one event by the first rule in force that fits it; see `post_events`."""
    told = Event(event, source, effective_at, parties, amounts, memo, details=details or {})
    return post_events(events=[told])[0]


@transaction.atomic
def post_events(*, events: Sequence[Event]) -> list[Entry]:
    """Posts a batch of events, all or none, and gives their entries in the same order.

    Safe to repeat: a source that the books know is not posted again, even if its rule has changed
    since; told with other parties or amounts it is refused. Locks the floored accounts it touches, in the
    order of their ids, until the transaction ends. Three statements, however many the events are.
    """
    if not events:
        return []
    book = current_book()
    entries = [book.entry_of(event) for event in events]
    with refusals(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT entry_id FROM public.ledger_post_many(%s::jsonb) ORDER BY ord",
            [json.dumps(entries)],
        )
        ids: list[int] = [entry_id for (entry_id,) in cursor.fetchall()]
    found = Entry.objects.select_related("journal").in_bulk(ids)
    return [found[entry_id] for entry_id in ids]


@transaction.atomic
def reverse(*, entry: Entry, source: str, at: datetime, memo: str = "") -> Entry:
    """Posts the negated copy of an entry, dated `at`: the accounts and amounts that it wrote, sides swapped.

    An entry is reversed once, and a reversal never. Safe to repeat with the same source.
    """
    with refusals(), connection.cursor() as cursor:
        cursor.execute("SELECT public.ledger_reverse(%s, %s, %s, %s)", [entry.pk, source, at, memo])
        (reversal_id,) = cursor.fetchone()
    reversal = Entry.objects.select_related("journal").get(pk=reversal_id)
    audit.record(
        "ledger.reverse", obj=entry, after={"reversal": str(reversal.public_id)}, note=memo
    )
    return reversal
