"""The rules, read: the compiled book that posting goes by, and their versions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet

from billing.ledger import chart, rules
from billing.ledger.enums import RuleState, Side
from billing.ledger.errors import UnknownVersion
from billing.ledger.models import Entry, PartyAccount, PostingRule, RuleBook, RuleVersion
from shared_apps.kernel import tenancy


def read_mark() -> UUID | None:
    """The mark of the rules as they stand in this transaction; a book of another mark is stale."""
    return RuleBook.objects.values_list("mark", flat=True).first()


def read_book() -> rules.Book:
    """Everything that was switched on, compiled. Four queries.

    The mark is read first: a change that falls in between makes the book stale, never wrong unnoticed.
    """
    mark = read_mark()
    return rules.book_of(
        mark=mark,
        versions=with_rules(RuleVersion.objects.filter(state=RuleState.ON)),
        mappings=PartyAccount.objects.select_related("control", "account"),
    )


_books: dict[str | None, rules.Book] = {}
_MOST_BOOKS = 500


def current_book() -> rules.Book:
    """The book of where we stand, kept in this process as long as its mark stands. One query, or five.

    A mark never comes twice, so a book that was read inside a transaction and undone with it is
    not found again.
    """
    here = tenancy.current()
    kept = _books.get(here)
    if kept is not None and kept.mark is not None and kept.mark == read_mark():
        return kept
    if len(_books) >= _MOST_BOOKS:
        _books.clear()
    _books[here] = book = read_book()
    return book


def owed_under() -> list[str]:
    """The control accounts under which the rules for purchases put whom we owe."""
    return current_book().controls("purchase", Side.CREDIT)


def due_under() -> list[str]:
    """The control accounts under which the rules for supplies put who owes us."""
    return current_book().controls("supply", Side.DEBIT)


def kept_book() -> rules.Book:
    """The book as this process last read it, without asking. For whoever has its mark compared in the
    statement that relies on it (`ledger_tell`), and asks for the current one if it is stale."""
    return _books.get(tenancy.current()) or current_book()


def with_rules(versions: QuerySet[RuleVersion]) -> QuerySet[RuleVersion]:
    ordered = PostingRule.objects.select_related("journal").order_by("position")
    return versions.prefetch_related(Prefetch("rules", queryset=ordered))


def in_force(*, event: str, at: datetime) -> RuleVersion | None:
    """The version by which the event is booked if it happens at `at`."""
    return (
        RuleVersion.objects.filter(event=event, state=RuleState.ON, starts_at__lte=at)
        .order_by("-number")
        .first()
    )


def versions_of(*, event: str) -> QuerySet[RuleVersion]:
    """An event's versions, the latest first, with their rules and who decided."""
    return with_rules(
        RuleVersion.objects.filter(event=event)
        .select_related("made_by", "decided_by")
        .order_by("-number")
    )


def version(*, public_id: UUID) -> RuleVersion:
    found = with_rules(
        RuleVersion.objects.filter(public_id=public_id).select_related("made_by", "decided_by")
    ).first()
    if found is None:
        raise UnknownVersion(public_id=public_id)
    return found


def version_before(*, version: RuleVersion) -> RuleVersion | None:
    """The one that was switched on last before this one was made."""
    return (
        RuleVersion.objects.filter(
            event=version.event, state=RuleState.ON, number__lt=version.number
        )
        .order_by("-number")
        .first()
    )


@dataclass(frozen=True, slots=True)
class EventRules:
    """An event and where its rules stand at a moment."""

    event: str
    in_force: RuleVersion | None
    waiting: RuleVersion | None
    draft: RuleVersion | None


def events(*, at: datetime) -> list[EventRules]:
    """Every event that the books have rules for. Two queries."""
    found: dict[str, list[RuleVersion]] = {}
    for version in with_rules(RuleVersion.objects.order_by("event", "-number")):
        found.setdefault(version.event, []).append(version)
    order = {rule.event: place for place, rule in enumerate(reversed(chart.RULES))}
    return [
        _standing(event, found[event], at)
        for event in sorted(found, key=lambda event: (-order.get(event, -1), event))
    ]


def _standing(event: str, versions: Sequence[RuleVersion], at: datetime) -> EventRules:
    on = [version for version in versions if version.state == RuleState.ON]
    return EventRules(
        event,
        in_force=next((v for v in on if v.in_force_from <= at), None),
        waiting=next((v for v in on if v.in_force_from > at), None),
        draft=next((v for v in versions if v.state == RuleState.DRAFT), None),
    )


def event_rules(*, event: str, at: datetime) -> EventRules:
    versions = list(versions_of(event=event))
    if not versions:
        raise UnknownVersion(event=event)
    return _standing(event, versions, at)


_LATEST = 200


@dataclass(frozen=True, slots=True)
class Told:
    """By what names an event tells its parties, amounts and details."""

    roles: Sequence[str]
    amounts: Sequence[str]
    details: Sequence[str]


def told_by(*, event: str) -> Told:
    """As the latest of its entries told them, and as the rules of the event name them. Two queries."""
    names: dict[str, dict[str, None]] = {"parties": {}, "amounts": {}, "details": {}}
    for rule in PostingRule.objects.filter(version__event=event):
        for line in rule.lines:
            if line.get("party"):
                names["parties"][line["party"]] = None
        for name in sorted(rules.amounts_of(lines=rule.lines, parts=rule.parts)):
            names["amounts"][name] = None
    latest = Entry.objects.filter(kind=event).order_by("-id").values_list("facts", flat=True)
    for facts in latest[:_LATEST]:
        for key, known in names.items():
            known.update(dict.fromkeys(facts.get(key, ())))
    return Told(*(tuple(known) for known in names.values()))


def mappings(*, text: str = "", kind: str = "") -> QuerySet[PartyAccount]:
    """Every word on which account a party goes under, the latest first."""
    found = PartyAccount.objects.select_related("control", "account", "made_by").order_by("-id")
    if kind:
        found = found.filter(party_kind=kind)
    if text:
        found = found.filter(
            Q(party_name__icontains=text)
            | Q(control__name__icontains=text)
            | Q(control__code__startswith=text)
            | Q(account__name__icontains=text)
            | Q(account__code__startswith=text)
        )
    return found


def latest_mappings() -> list[PartyAccount]:
    """The last word on each party, or kind of party, under each control account."""
    return list(
        PartyAccount.objects.select_related("control", "account", "made_by")
        .order_by("control", "party_kind", "party_id", "-pk")
        .distinct("control", "party_kind", "party_id")
    )
