from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from billing.ledger.enums import Side
from billing.ledger.errors import UnknownEntry
from billing.ledger.models import Entry, Posting
from shared_apps.kernel.money import Money


@dataclass(frozen=True, slots=True)
class PostingLine:
    account_code: str
    account_name: str
    control_name: str
    direction: str
    amount: Money

    @property
    def debit(self) -> Money | None:
        return self.amount if self.direction == Side.DEBIT else None

    @property
    def credit(self) -> Money | None:
        return self.amount if self.direction == Side.CREDIT else None


@dataclass(frozen=True, slots=True)
class EntryDetail:
    entry: Entry
    lines: list[PostingLine]
    reversed_by: Entry | None


def entries(
    *,
    journal: str = "",
    kind: str = "",
    source: str = "",
    text: str = "",
    account: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    recorded_until: datetime | None = None,
) -> QuerySet[Entry]:
    """日记账: entries with their postings and accounts, in the order of the books; page it before reading.

    `account` is a code: entries that touch it, or an account directly under it. `text` is part of a
    memo or of a source.
    """
    postings = Posting.objects.select_related("account__parent").order_by("id")
    found = (
        Entry.objects.select_related("journal", "reverses")
        .prefetch_related(Prefetch("postings", queryset=postings))
        .order_by("effective_at", "id")
    )
    if journal:
        found = found.filter(journal__code=journal)
    if kind:
        found = found.filter(kind=kind)
    if source:
        found = found.filter(source=source)
    if text:
        found = found.filter(Q(memo__icontains=text) | Q(source__icontains=text))
    if account:
        under = Posting.objects.filter(entry=OuterRef("pk")).filter(
            Q(account__code=account) | Q(account__parent__code=account)
        )
        found = found.filter(Exists(under))
    if since is not None:
        found = found.filter(effective_at__gte=since)
    if until is not None:
        found = found.filter(effective_at__lt=until)
    if recorded_until is not None:
        found = found.filter(recorded_at__lt=recorded_until)
    return found


def entry_detail(*, public_id: UUID) -> EntryDetail:
    entry = entries().filter(public_id=public_id).first()
    if entry is None:
        raise UnknownEntry(public_id=public_id)
    lines = [
        PostingLine(
            account_code=posting.account.code,
            account_name=posting.account.name,
            control_name=posting.account.parent.name if posting.account.parent else "",
            direction=posting.direction,
            amount=Money(posting.amount_minor, posting.currency),
        )
        for posting in entry.postings.all()
    ]
    return EntryDetail(entry, lines, Entry.objects.filter(reverses=entry).first())
