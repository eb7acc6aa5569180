"""The books that a distributor starts with."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from billing.ledger import chart, days
from billing.ledger.enums import RuleState
from billing.ledger.models import BEGINNING, Account, Journal, Period, PostingRule, RuleVersion
from shared_apps.audit import services as audit


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
    _first_rules(at)
    Period.objects.bulk_create(
        [
            Period(start_date=start, end_date=end)
            for start, end in days.months_of(days.day_of(at).year)
        ],
        ignore_conflicts=True,
    )
    if new:
        audit.record("ledger.open_books", after={"accounts": len(new)})


def _first_rules(at: datetime) -> None:
    """The standard rules of events that have none, in force from the beginning."""
    journals = {journal.code: journal for journal in Journal.objects.all()}
    ruled = set(RuleVersion.objects.values_list("event", flat=True))
    for event in dict.fromkeys(rule.event for rule in chart.RULES):
        if event in ruled:
            continue
        version = RuleVersion.objects.create(event=event, number=1, made_at=at)
        PostingRule.objects.bulk_create(
            [
                PostingRule(
                    version=version,
                    position=position,
                    name=rule.name,
                    journal=journals[rule.journal],
                    lines=rule.lines(),
                )
                for position, rule in enumerate(
                    (rule for rule in chart.RULES if rule.event == event), start=1
                )
            ]
        )
        version.state, version.starts_at, version.decided_at = RuleState.ON, BEGINNING, at
        version.save(update_fields=["state", "starts_at", "decided_at"])
