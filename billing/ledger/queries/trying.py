"""A draft tried on what really happened: beside what was posted, what it would post. Nothing is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from billing.ledger import rules
from billing.ledger.enums import Side
from billing.ledger.errors import Malformed, NegativeLine, UnmatchedEvent
from billing.ledger.events import Event
from billing.ledger.models import Account, Entry, Posting, RuleVersion
from shared_apps.kernel.money import Money

from .rules import current_book

MOST_TRIED = 20_000
_AT_ONCE = 2_000

Place = tuple[str, str, str]  # account or control account, party id, currency
Net = Mapping[Place, int]  # debits less credits


@dataclass(frozen=True, slots=True)
class Tried:
    """One fact: what was posted for it, and what the draft makes of it; None where it refuses."""

    entry: Entry
    posted: Net
    drafted: Net | None
    rule: str
    refusal: str

    @property
    def same(self) -> bool:
        return self.drafted == self.posted


@dataclass(frozen=True, slots=True)
class Change:
    """An account's debits less credits over all facts tried."""

    code: str
    name: str
    posted: Money
    drafted: Money

    @property
    def difference(self) -> Money:
        return self.drafted - self.posted


@dataclass(frozen=True, slots=True)
class Trial:
    tried: Sequence[Tried]
    changes: Sequence[Change]
    cut: bool  # there were more facts than are tried at once

    @property
    def same(self) -> int:
        return sum(one.same for one in self.tried)

    @property
    def refused(self) -> int:
        return sum(one.drafted is None for one in self.tried)

    @property
    def different(self) -> int:
        return len(self.tried) - self.same - self.refused


def try_on(*, version: RuleVersion, since: datetime, until: datetime) -> Trial:
    """Tells the draft each of the event's facts of [since, until), the first `MOST_TRIED` of them.

    Facts come from the entries, which remember what the event said. A refused fact counts in
    the sums with what was posted and nothing drafted. Two queries for every 2000 facts.
    """
    draft = rules.compile_version(version, version.rules.all())
    book = current_book()
    found = list(
        Entry.objects.filter(
            kind=version.event,
            reverses=None,
            effective_at__gte=since,
            effective_at__lt=until,
            facts__has_key="amounts",
        ).order_by("effective_at", "id")[: MOST_TRIED + 1]
    )
    cut = len(found) > MOST_TRIED
    tried = [
        _tried(entry, posted, draft, book) for entry, posted in _with_postings(found[:MOST_TRIED])
    ]
    return Trial(tried, _changes(tried), cut)


def _with_postings(entries: Sequence[Entry]) -> Iterator[tuple[Entry, Net]]:
    for start in range(0, len(entries), _AT_ONCE):
        some = entries[start : start + _AT_ONCE]
        nets: dict[int, Counter[Place]] = {entry.pk: Counter() for entry in some}
        postings = Posting.objects.filter(entry_id__in=list(nets)).values_list(
            "entry_id",
            "direction",
            "amount_minor",
            "currency",
            "account__code",
            "account__party_id",
            "account__parent__code",
        )
        for entry_id, side, minor, currency, code, party_id, parent in postings:
            place = (parent if party_id else code, party_id, currency)
            nets[entry_id][place] += minor if side == Side.DEBIT else -minor
        for entry in some:
            yield entry, _told(nets[entry.pk])


def _tried(entry: Entry, posted: Net, draft: rules.CompiledVersion, book: rules.Book) -> Tried:
    event = Event.of_facts(
        event=entry.kind,
        source=entry.source,
        effective_at=entry.happened_at or entry.effective_at,
        facts=entry.facts,
    )
    try:
        rule = draft.choose(event)
        lines = rule.post(event, book.account)
    except UnmatchedEvent:
        return Tried(entry, posted, None, "", _("没有符合的规则"))
    except (NegativeLine, Malformed) as refusal:
        return Tried(entry, posted, None, "", str(refusal))
    net: Counter[Place] = Counter()
    for line in lines:
        place = (line["account"], line.get("party_id", ""), line["currency"])
        net[place] += line["amount"] if line["side"] == Side.DEBIT else -line["amount"]
    return Tried(entry, posted, _told(net), rule.name, "")


def _told(net: Mapping[Place, int]) -> Net:
    return {place: minor for place, minor in net.items() if minor}


def _changes(tried: Sequence[Tried]) -> list[Change]:
    sums: dict[tuple[str, str], list[int]] = {}
    for one in tried:
        for which, net in enumerate((one.posted, one.drafted or {})):
            for (code, _party, currency), minor in net.items():
                sums.setdefault((code, currency), [0, 0])[which] += minor
    names = dict(
        Account.objects.filter(code__in={code for code, _ in sums}).values_list("code", "name")
    )
    return [
        Change(code, names.get(code, code), Money(posted, currency), Money(drafted, currency))
        for (code, currency), (posted, drafted) in sorted(sums.items())
    ]
