"""Writing the books: the one way in, whatever happened. An entry needs no audit row besides itself:
it is written once, names its source and its time, and cannot be changed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from billing.ledger.errors import refusals
from billing.ledger.events import Event
from billing.ledger.models import Entry
from billing.ledger.parties import Party
from billing.ledger.queries.rules import current_book, kept_book
from billing.ledger.rules import Book
from shared_apps.audit import services as audit
from shared_apps.kernel import tenancy
from shared_apps.kernel.errors import DomainError
from shared_apps.kernel.money import Money
from shared_apps.outbox import services as outbox

from .along import Along, with_entry


def post_event(
    *,
    event: str,
    source: str,
    effective_at: datetime,
    parties: Mapping[str, Party],
    amounts: Mapping[str, Money],
    memo: str = "",
    details: Mapping[str, str] | None = None,
    along: Along | None = None,
) -> Entry:
    """Posts one event by the first rule in force that fits it; see `post_events`."""
    told = Event(event, source, effective_at, parties, amounts, memo, details=details or {})
    return post_events(events=[told], along=[along])[0]


def post_events(*, events: Sequence[Event], along: Sequence[Along | None] = ()) -> list[Entry]:
    """Posts a batch of events, all or none, and gives their entries in the same order.

    Safe to repeat: a source that the books know is not posted again, even if its rule has changed
    since; told with other parties or amounts it is refused. Locks the floored accounts it touches, in the
    order of their ids, until the transaction ends. `along` is what to write with each event, by place.

    One statement, however many the events are. Where no transaction is open it is one by itself;
    in an open one, a refusal leaves everything before it as it was.
    """
    if not events:
        return []
    with transaction.atomic() if connection.in_atomic_block else nullcontext():
        book = kept_book()
        while True:
            entries, news = _made(book, events, along)
            rows = _tell(entries, book.mark)
            if rows is not None:
                break
            book = current_book()
    if news:
        outbox.nudge()
    return [_entry(told, row) for told, row in zip(entries, rows, strict=True)]


def _made(
    book: Book, events: Sequence[Event], along: Sequence[Along | None]
) -> tuple[list[dict[str, Any]], bool]:
    """The entries by the book, with what goes along; and whether there are news among it.

    What the book refuses is refused by the rules as they stand, not by those of a moment ago.
    """
    try:
        entries = [book.entry_of(event) for event in events]
    except DomainError:
        now = current_book()
        if now.mark == book.mark:
            raise
        return _made(now, events, along)
    news = [with_entry(entry, more) for entry, more in zip(entries, along, strict=False) if more]
    return entries, any(news)


def _tell(entries: Sequence[dict[str, Any]], mark: UUID | None) -> list[list[Any]] | None:
    """What became of each entry; None if the rules changed since the book was read."""
    with refusals():
        ((posted,),) = tenancy.link().prepared(_TELL, [json.dumps(entries), mark])
    return None if posted is None else json.loads(posted)


def _entry(told: dict[str, Any], row: list[Any]) -> Entry:
    """The entry as it stands in the books, without reading it again."""
    pk, _new, public_id, journal, effective, happened, recorded, memo = row
    return Entry.from_db(
        connection.alias,
        _FIELDS,
        (
            pk,
            UUID(public_id),
            journal,
            told["kind"],
            told["source"],
            datetime.fromisoformat(effective),
            datetime.fromisoformat(happened) if happened else None,
            datetime.fromisoformat(recorded),
            memo,
            told["facts"],
            None,
        ),
    )


_TELL = "INSERT INTO ledger_told (entries, mark) VALUES (%s, %s) RETURNING posted::text"
_FIELDS = [field.attname for field in Entry._meta.concrete_fields]


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
