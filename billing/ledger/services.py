"""Writing the books. Business code says what happened; the distributor's own rules say how it is booked.

Settings of the books are audited here; an entry needs no audit row besides itself: it is written
once, names its source and its time, and can not be changed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from django.db import connection, transaction

from shared_apps.audit import services as audit
from shared_apps.kernel.money import Money

from . import chart, days, rules
from .enums import PERIOD_TRANSITIONS, PeriodState
from .errors import Malformed, UnknownAccount, refusals
from .events import Event
from .models import Account, Entry, Journal, Period, PostingRule
from .parties import Party


@transaction.atomic
def open_books(*, at: datetime) -> None:
    """Gives a distributor the standard chart, journals, rules and the months of the year of `at`.

    Safe to repeat: what is there already, changed or not, stays as it is.
    """
    known = set(Account.objects.values_list("code", flat=True))
    new = [account for account in chart.ACCOUNTS if account.code not in known]
    ids = dict(Account.objects.values_list("code", "id"))
    for level in (
        [account for account in new if not account.parent],
        [account for account in new if account.parent],
    ):
        Account.objects.bulk_create(
            [
                Account(
                    code=account.code,
                    name=account.name,
                    kind=account.kind,
                    parent_id=ids[account.parent] if account.parent else None,
                    takes=list(account.takes),
                    floor_minor=account.floor_minor,
                )
                for account in level
            ],
            ignore_conflicts=True,
        )
        ids = dict(Account.objects.values_list("code", "id"))
    Journal.objects.bulk_create(
        [Journal(code=code, name=name) for code, name in chart.JOURNALS], ignore_conflicts=True
    )
    journals = {journal.code: journal for journal in Journal.objects.all()}
    ruled = set(PostingRule.objects.values_list("event", flat=True))
    PostingRule.objects.bulk_create(
        [
            PostingRule(
                event=rule.event, name=rule.name, journal=journals[rule.journal], lines=rule.lines()
            )
            for rule in chart.RULES
            if rule.event not in ruled
        ],
        ignore_conflicts=True,
    )
    Period.objects.bulk_create(
        [
            Period(start_date=start, end_date=end)
            for start, end in days.months_of(days.day_of(at).year)
        ],
        ignore_conflicts=True,
    )
    if new:
        audit.record("ledger.open_books", after={"accounts": len(new)})


def post_event(
    *,
    event: str,
    source: str,
    effective_at: datetime,
    parties: Mapping[str, Party],
    amounts: Mapping[str, Money],
    memo: str = "",
) -> Entry:
    """Posts one event by the first active rule that fits it; see `post_events`."""
    told = Event(event, source, effective_at, parties, amounts, memo)
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
    book = list(
        PostingRule.objects.filter(event__in={e.event for e in events}, active=True).select_related(
            "journal"
        )
    )
    entries = [rules.entry_of(rules.choose(book, event), event) for event in events]
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


@transaction.atomic
def save_rule(
    *,
    event: str,
    position: int,
    name: str,
    journal: str,
    lines: Sequence[rules.RuleLine],
    active: bool = True,
) -> PostingRule:
    """Writes the rule at a position of an event, once it is proved balanced and its accounts exist."""
    rules.prove(lines)
    book = Journal.objects.filter(code=journal).first()
    if book is None:
        raise Malformed(field="journal", source=journal)
    _check_accounts(lines)
    before = PostingRule.objects.select_for_update().filter(event=event, position=position).first()
    with refusals():
        rule, _ = PostingRule.objects.update_or_create(
            event=event,
            position=position,
            defaults={"name": name, "journal": book, "lines": list(lines), "active": active},
        )
    audit.record(
        "ledger.save_rule",
        obj=rule,
        before={"lines": before.lines, "active": before.active} if before else None,
        after={"lines": rule.lines, "active": rule.active},
    )
    return rule


def _check_accounts(lines: Iterable[rules.RuleLine]) -> None:
    accounts = {
        a.code: a for a in Account.objects.filter(code__in=[line["account"] for line in lines])
    }
    for line in lines:
        account = accounts.get(line["account"])
        if account is None or not account.active or bool(account.takes) != bool(line.get("party")):
            raise UnknownAccount(field="lines", account=line["account"])


@transaction.atomic
def open_period(*, start: date, end: date) -> Period:
    """Adds the days [start, end) as a period of their own; they may not overlap another."""
    with refusals():
        period = Period.objects.create(start_date=start, end_date=end)
    audit.record("ledger.open_period", obj=period, after={"start": str(start), "end": str(end)})
    return period


@transaction.atomic
def set_period_state(*, period: Period, state: PeriodState) -> Period:
    """Closes a period or opens it again. Waits for the entries under way; no entry may then land in it."""
    held = Period.objects.select_for_update().get(pk=period.pk)
    if state not in PERIOD_TRANSITIONS[PeriodState(held.state)]:
        return held
    before = held.state
    held.state = state
    held.save(update_fields=["state"])
    audit.record(
        "ledger.set_period_state", obj=held, before={"state": before}, after={"state": str(state)}
    )
    return held
