from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from billing.ledger.errors import UnknownAccount
from billing.ledger.models import Account, Balance
from billing.ledger.parties import Party
from shared_apps.kernel.money import Money

from .balances import on_normal_side

# The party's own account, if it has one, under each of the control accounts asked for; then every
# entry that touched any of them, with a row per account; then one row per entry again, and its page.
_STATEMENT = """
WITH own AS MATERIALIZED (
    SELECT asked.place, a.id
      FROM unnest(%(controls)s::bigint[]) WITH ORDINALITY AS asked(id, place)
      LEFT JOIN ledger_account a
        ON a.parent_id = asked.id AND a.party_kind = %(kind)s AND a.party_id = %(party)s
), touched AS (
    SELECT DISTINCT p.entry_id FROM own JOIN ledger_posting p ON p.account_id = own.id
), move AS (
    SELECT t.entry_id, own.place,
           coalesce(sum(CASE p.direction WHEN 'DEBIT' THEN p.amount_minor ELSE -p.amount_minor END), 0)::bigint
               AS moved
      FROM touched t CROSS JOIN own
      LEFT JOIN ledger_posting p ON p.account_id = own.id AND p.entry_id = t.entry_id
     GROUP BY t.entry_id, own.place
), run AS (
    SELECT e.id, e.effective_at, m.place, m.moved,
           sum(m.moved) OVER (PARTITION BY m.place ORDER BY e.effective_at, e.id)::bigint AS after
      FROM move m JOIN ledger_entry e ON e.id = m.entry_id
), line AS (
    SELECT id, array_agg(moved ORDER BY place) AS moved, array_agg(after ORDER BY place) AS after,
           row_number() OVER (ORDER BY effective_at DESC, id DESC) AS place, count(*) OVER () AS total
      FROM run
     WHERE (%(since)s::timestamptz IS NULL OR effective_at >= %(since)s)
       AND (%(until)s::timestamptz IS NULL OR effective_at < %(until)s)
     GROUP BY id, effective_at
)
SELECT e.public_id, e.kind, e.memo, e.effective_at, l.moved, l.after, l.total,
       (l.place - 1) / %(per_page)s + 1
  FROM line l JOIN ledger_entry e ON e.id = l.id
 WHERE (l.place - 1) / %(per_page)s + 1 = least(%(page)s, (l.total - 1) / %(per_page)s + 1)
 ORDER BY l.place
"""


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One entry as a party sees it: what it changed in each of the accounts asked for, and what stood then."""

    entry_id: UUID
    kind: str
    memo: str
    effective_at: datetime
    changes: tuple[Money, ...]
    balances: tuple[Money, ...]


@dataclass(frozen=True, slots=True)
class PartyStatement:
    """Newest first; `total` counts the lines of all pages."""

    items: list[StatementLine]
    total: int
    page: int
    per_page: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.per_page))


def _controls(codes: Sequence[str]) -> list[Account]:
    found = {account.code: account for account in Account.objects.filter(code__in=codes)}
    for code in codes:
        if code not in found:
            raise UnknownAccount(account=code)
    return [found[code] for code in codes]


def party_holdings(*, accounts: Sequence[str], party: Party) -> tuple[Money, ...]:
    """What a party has now in each of some floored control accounts, in their order. Two queries."""
    controls = _controls(accounts)
    kept = {
        row.account.parent_id: row
        for row in Balance.objects.select_related("account").filter(
            account__parent__in=controls, account__party_kind=party.kind, account__party_id=party.id
        )
    }
    return tuple(
        on_normal_side(control, kept[control.pk].debit_minor - kept[control.pk].credit_minor)
        if control.pk in kept
        else Money.zero(control.currency)
        for control in controls
    )


def party_statement(
    *,
    accounts: Sequence[str],
    party: Party,
    since: datetime | None = None,
    until: datetime | None = None,
    page: int = 1,
    per_page: int = 50,
) -> PartyStatement:
    """对账单: what happened to a party's money in [since, until), over several control accounts at once.

    Each line is one entry, with the change and the balance after it in every account, on its normal
    side. A page beyond the last gives the last. Two queries.
    """
    controls = _controls(accounts)
    with connection.cursor() as cursor:
        cursor.execute(
            _STATEMENT,
            {
                "controls": [control.pk for control in controls],
                "kind": party.kind,
                "party": party.id,
                "since": since,
                "until": until,
                "page": page,
                "per_page": per_page,
            },
        )
        rows = cursor.fetchall()
    lines = [
        StatementLine(
            entry_id, kind, memo, effective, _sided(controls, moved), _sided(controls, after)
        )
        for entry_id, kind, memo, effective, moved, after, _, _ in rows
    ]
    total, page = rows[0][6:] if rows else (0, 1)
    return PartyStatement(lines, total, page, per_page)


def _sided(controls: Sequence[Account], minors: Sequence[int]) -> tuple[Money, ...]:
    return tuple(on_normal_side(c, minor) for c, minor in zip(controls, minors, strict=True))
