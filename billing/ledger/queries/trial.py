from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection

from billing.ledger import days
from billing.ledger.models import Period
from shared_apps.kernel.money import Money

# One row an account that is not a party's; what was posted to its parties' accounts is rolled up.
_SUMS = """
SELECT coalesce(CASE WHEN a.party_id <> '' AND NOT %(parties)s THEN a.parent_id END, a.id),
       sum(p.amount_minor) FILTER (WHERE e.effective_at < %(since)s AND p.direction = 'DEBIT'),
       sum(p.amount_minor) FILTER (WHERE e.effective_at < %(since)s AND p.direction = 'CREDIT'),
       sum(p.amount_minor) FILTER (WHERE (e.effective_at < %(since)s) IS NOT TRUE AND p.direction = 'DEBIT'),
       sum(p.amount_minor) FILTER (WHERE (e.effective_at < %(since)s) IS NOT TRUE AND p.direction = 'CREDIT')
  FROM ledger_posting p
  JOIN ledger_entry e ON e.id = p.entry_id
  JOIN ledger_account a ON a.id = p.account_id
 WHERE (%(until)s::timestamptz IS NULL OR e.effective_at < %(until)s)
   AND (%(recorded)s::timestamptz IS NULL OR e.recorded_at < %(recorded)s)
 GROUP BY 1
"""
_ACCOUNTS = """
SELECT id, code, name, kind, parent_id, party_id, currency FROM ledger_account
 WHERE party_id = '' OR %(parties)s ORDER BY code
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
    """科目余额表: of a period, with what stood at its start; or of everything before `at`. Two queries.

    Rows of accounts that never moved are left out; parties' accounts are rolled up unless asked for.
    """
    since = days.start_of(period.start_date) if period else None
    until = days.start_of(period.end_date) if period else at
    bounds = {"since": since, "until": until, "recorded": recorded_until, "parties": with_parties}
    with connection.cursor() as cursor:
        cursor.execute(_ACCOUNTS, bounds)
        accounts = cursor.fetchall()
        cursor.execute(_SUMS.replace("%(since)s", "%(since)s::timestamptz"), bounds)
        sums = cursor.fetchall()
    rows = {
        pk: TrialRow(code=code, name=name, kind=kind, currency=currency, party_id=party_id)
        for pk, code, name, kind, _, party_id, currency in accounts
    }
    for pk, opening_debit, opening_credit, debit, credit in sums:
        row = rows[pk]
        row.opening_minor = int((opening_debit or 0) - (opening_credit or 0))
        row.debit_minor, row.credit_minor = int(debit or 0), int(credit or 0)
    tops: list[TrialRow] = []
    for pk, _, _, _, parent, _, _ in accounts:
        (rows[parent].children if parent else tops).append(rows[pk])
    for row in tops:
        row.roll_up()
    return TrialBalance([row for top in tops for row in top.walk() if row.moved])
