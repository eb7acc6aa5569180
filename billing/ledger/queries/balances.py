from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from billing.ledger.enums import Side
from billing.ledger.errors import UnknownAccount
from billing.ledger.models import Account, Balance
from billing.ledger.parties import Party
from shared_apps.kernel.money import Money

# The account asked for and all that stand under it, with what was posted to them in time.
_MOVED = """
WITH RECURSIVE below AS (
    SELECT id FROM ledger_account WHERE id = %(account)s
    UNION ALL
    SELECT a.id FROM ledger_account a JOIN below b ON a.parent_id = b.id
)
SELECT coalesce(sum(CASE p.direction WHEN 'DEBIT' THEN p.amount_minor ELSE -p.amount_minor END), 0)::bigint
  FROM below b JOIN ledger_posting p ON p.account_id = b.id
"""
_IN_TIME = """
  JOIN ledger_entry e ON e.id = p.entry_id
 WHERE (%(effective)s::timestamptz IS NULL OR e.effective_at < %(effective)s)
   AND (%(recorded)s::timestamptz IS NULL OR e.recorded_at < %(recorded)s)
"""


@dataclass(frozen=True, slots=True)
class PartyBalance:
    kind: str
    id: str
    name: str
    balance: Money


def account_of(account: Account | str) -> Account:
    if isinstance(account, Account):
        return account
    found = Account.objects.filter(code=account).first()
    if found is None:
        raise UnknownAccount(account=account)
    return found


def sub_account(control: Account, party: Party) -> Account | None:
    return Account.objects.filter(parent=control, party_kind=party.kind, party_id=party.id).first()


def on_normal_side(account: Account, debit_minus_credit: int) -> Money:
    sign = 1 if account.normal == Side.DEBIT else -1
    return Money(sign * debit_minus_credit, account.currency)


def balance(
    *,
    account: Account | str,
    party: Party | None = None,
    effective_until: datetime | None = None,
    recorded_until: datetime | None = None,
) -> Money:
    """The balance of an account with all that stand under it, on its normal side; or of one party in it.

    A party that never had a posting there has nothing. The present balance of a floored account is
    one row; any other is summed from the postings.
    """
    asked = account_of(account)
    if party is not None:
        found = sub_account(asked, party)
        if found is None:
            return Money.zero(asked.currency)
        asked = found
    if effective_until is None and recorded_until is None:
        kept = Balance.objects.filter(account=asked).first()
        if kept is not None:
            return on_normal_side(asked, kept.debit_minor - kept.credit_minor)
    bounded = effective_until is not None or recorded_until is not None
    with connection.cursor() as cursor:
        cursor.execute(
            _MOVED + _IN_TIME if bounded else _MOVED,
            {"account": asked.pk, "effective": effective_until, "recorded": recorded_until},
        )
        (moved,) = cursor.fetchone()
    return on_normal_side(asked, moved)


def party_balances(
    *,
    account: Account | str,
    effective_until: datetime | None = None,
    recorded_until: datetime | None = None,
    include_settled: bool = False,
) -> list[PartyBalance]:
    """What stands under a control account, party by party, by name; those at zero only if asked for."""
    control = account_of(account)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT a.party_kind, a.party_id, a.name, coalesce(sum(m.moved), 0)::bigint
              FROM ledger_account a
              LEFT JOIN LATERAL (
                SELECT CASE p.direction WHEN 'DEBIT' THEN p.amount_minor ELSE -p.amount_minor END AS moved
                  FROM ledger_posting p JOIN ledger_entry e ON e.id = p.entry_id
                 WHERE p.account_id = a.id
                   AND (%(effective)s::timestamptz IS NULL OR e.effective_at < %(effective)s)
                   AND (%(recorded)s::timestamptz IS NULL OR e.recorded_at < %(recorded)s)
              ) m ON true
             WHERE a.parent_id = %(account)s AND a.party_id <> ''
             GROUP BY a.id
            HAVING %(settled)s OR coalesce(sum(m.moved), 0) <> 0
             ORDER BY a.name, a.code
            """,
            {
                "account": control.pk,
                "effective": effective_until,
                "recorded": recorded_until,
                "settled": include_settled,
            },
        )
        return [
            PartyBalance(kind, party_id, name, on_normal_side(control, moved))
            for kind, party_id, name, moved in cursor.fetchall()
        ]
