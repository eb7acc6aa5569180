from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection

from billing.ledger import days
from billing.ledger.models import Period
from shared_apps.kernel.money import Money

from .sums import sums

_ACCOUNTS = """
SELECT id, code, name, kind, parent_id, party_id, currency FROM ledger_account ORDER BY code
"""


@dataclass(slots=True)
class TrialRow:
    """`opening` and `closing` are debits less credits; `depth` is the place in the tree of accounts."""

    code: str
    name: str
    kind: str
    currency: str
    depth: int = 0
    party_id: str = ""
    opening_minor: int = 0
    debit_minor: int = 0
    credit_minor: int = 0
    children: list[TrialRow] = field(default_factory=list, repr=False)

    @property
    def opening(self) -> Money:
        return Money(self.opening_minor, self.currency)

    @property
    def debit(self) -> Money:
        return Money(self.debit_minor, self.currency)

    @property
    def credit(self) -> Money:
        return Money(self.credit_minor, self.currency)

    @property
    def closing(self) -> Money:
        return Money(self.opening_minor + self.debit_minor - self.credit_minor, self.currency)

    @property
    def moved(self) -> bool:
        return bool(self.opening_minor or self.debit_minor or self.credit_minor)

    def roll_up(self, depth: int = 0) -> None:
        self.depth = depth
        for child in self.children:
            child.roll_up(depth + 1)
            self.opening_minor += child.opening_minor
            self.debit_minor += child.debit_minor
            self.credit_minor += child.credit_minor

    def walk(self) -> Iterator[TrialRow]:
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True)
class TrialBalance:
    """Rows in the order of codes, each with all that stands under it."""

    rows: list[TrialRow]

    @property
    def top(self) -> list[TrialRow]:
        return [row for row in self.rows if row.depth == 0]

    def debit(self, currency: str = "CNY") -> Money:
        return Money(sum(row.debit_minor for row in self.top if row.currency == currency), currency)

    def credit(self, currency: str = "CNY") -> Money:
        return Money(
            sum(row.credit_minor for row in self.top if row.currency == currency), currency
        )

    def gap(self, currency: str = "CNY") -> Money:
        """Zero, always; shown all the same."""
        minor = sum(row.closing.minor for row in self.top if row.currency == currency)
        return Money(minor, currency)

    def row(self, code: str) -> TrialRow:
        return next(row for row in self.rows if row.code == code)


def trial_balance(
    *,
    period: Period | None = None,
    at: datetime | None = None,
    recorded_until: datetime | None = None,
    with_parties: bool = False,
) -> TrialBalance:
    """科目余额表: of a period, with what stood at its start; or of everything before `at`.

    Two queries, and a third of a period.

    Rows of accounts that never moved are left out; parties' accounts are rolled up unless asked for.
    """
    since = days.start_of(period.start_date) if period else None
    until = days.start_of(period.end_date) if period else at
    moved = sums(effective_until=until, recorded_until=recorded_until)
    opening = sums(effective_until=since, recorded_until=recorded_until) if since else {}
    with connection.cursor() as cursor:
        cursor.execute(_ACCOUNTS)
        known = cursor.fetchall()
    accounts = [account for account in known if with_parties or not account[5]]
    rows = {
        pk: TrialRow(code=code, name=name, kind=kind, currency=currency, party_id=party_id)
        for pk, code, name, kind, _, party_id, currency in accounts
    }
    # What was posted to parties' accounts is rolled up, unless they have rows of their own.
    shown = {
        pk: parent if party_id and not with_parties else pk
        for pk, _, _, _, parent, party_id, _ in known
    }
    for pk, (debit, credit) in moved.items():
        row = rows[shown[pk]]
        was_debit, was_credit = opening.get(pk, (0, 0))
        row.opening_minor += was_debit - was_credit
        row.debit_minor += debit - was_debit
        row.credit_minor += credit - was_credit
    tops: list[TrialRow] = []
    for pk, _, _, _, parent, _, _ in accounts:
        (rows[parent].children if parent else tops).append(rows[pk])
    for row in tops:
        row.roll_up()
    return TrialBalance([row for top in tops for row in top.walk() if row.moved])
