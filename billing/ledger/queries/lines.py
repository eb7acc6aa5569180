from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from billing.ledger.models import Account
from billing.ledger.parties import Party
from shared_apps.kernel.money import Money

from .balances import account_of, balance, on_normal_side, sub_account

_LINES = """
WITH RECURSIVE below AS (
    SELECT id, code, name FROM ledger_account WHERE id = %(account)s
    UNION ALL
    SELECT a.id, a.code, a.name FROM ledger_account a JOIN below b ON a.parent_id = b.id
)
SELECT e.public_id, e.source, e.kind, e.memo, e.effective_at, e.recorded_at, b.code, b.name,
       p.direction, p.amount_minor,
       sum(CASE p.direction WHEN 'DEBIT' THEN p.amount_minor ELSE -p.amount_minor END)
           OVER (ORDER BY e.effective_at, e.id, p.id)::bigint,
       count(*) OVER ()
  FROM below b
  JOIN ledger_posting p ON p.account_id = b.id
  JOIN ledger_entry e ON e.id = p.entry_id
 WHERE (%(since)s::timestamptz IS NULL OR e.effective_at >= %(since)s)
   AND (%(until)s::timestamptz IS NULL OR e.effective_at < %(until)s)
 ORDER BY e.effective_at, e.id, p.id
 LIMIT %(limit)s OFFSET %(offset)s
"""


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One posting with the balance after it, on the account's normal side."""

    entry_id: UUID
    source: str
    kind: str
    memo: str
    effective_at: datetime
    recorded_at: datetime
    account_code: str
    account_name: str
    direction: str
    amount: Money
    balance: Money


@dataclass(frozen=True, slots=True)
class LedgerPage:
    """`opening` is the balance before `since`; `total` counts the lines of all pages."""

    account: Account
    opening: Money
    lines: list[LedgerLine]
    total: int
    page: int
    per_page: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.per_page))


def ledger_lines(
    *,
    account: Account | str,
    party: Party | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    page: int = 1,
    per_page: int = 50,
) -> LedgerPage:
    """明细账: the postings of an account (and all under it, or of one party in it) in [since, until)."""
    asked = account_of(account)
    if party is not None:
        found = sub_account(asked, party)
        if found is None:
            return LedgerPage(asked, Money.zero(asked.currency), [], 0, page, per_page)
        asked = found
    zero = Money.zero(asked.currency)
    opening = balance(account=asked, effective_until=since) if since else zero
    with connection.cursor() as cursor:
        cursor.execute(
            _LINES,
            {
                "account": asked.pk,
                "since": since,
                "until": until,
                "limit": per_page,
                "offset": (page - 1) * per_page,
            },
        )
        rows = cursor.fetchall()
    lines = []
    for (
        entry_id,
        source,
        kind,
        memo,
        effective,
        recorded,
        code,
        name,
        side,
        minor,
        moved,
        _,
    ) in rows:
        money, running = Money(minor, asked.currency), opening + on_normal_side(asked, moved)
        lines.append(
            LedgerLine(
                entry_id, source, kind, memo, effective, recorded, code, name, side, money, running
            )
        )
    return LedgerPage(asked, opening, lines, rows[0][11] if rows else 0, page, per_page)
