from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from billing.ledger.enums import Side
from billing.ledger.errors import UnknownAccount
from billing.ledger.models import Account, Balance
from billing.ledger.parties import Party
from shared_apps.kernel.money import Money

from .sums import sums

# The account asked for and all that stand under it.
_BELOW = """
WITH RECURSIVE below AS (
    SELECT id FROM ledger_account WHERE id = %s
    UNION ALL
    SELECT a.id FROM ledger_account a JOIN below b ON a.parent_id = b.id
)
SELECT id FROM below
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
    one row; any other is summed, from folded sums and what came after them.
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
    with connection.cursor() as cursor:
        cursor.execute(_BELOW, [asked.pk])
        below = [pk for (pk,) in cursor.fetchall()]
    moved = sums(
        accounts=below, effective_until=effective_until, recorded_until=recorded_until
    ).values()
    return on_normal_side(asked, sum(debit - credit for debit, credit in moved))


def party_balances(
    *,
    account: Account | str,
    effective_until: datetime | None = None,
    recorded_until: datetime | None = None,
    include_settled: bool = False,
) -> list[PartyBalance]:
    """What stands under a control account, party by party, by name; those at zero only if asked for."""
    control = account_of(account)
    parties = list(Account.objects.filter(parent=control).exclude(party_id=""))
    moved = sums(
        accounts=[party.pk for party in parties],
        effective_until=effective_until,
        recorded_until=recorded_until,
    )
    found = [
        PartyBalance(
            party.party_kind,
            party.party_id,
            party.name,
            on_normal_side(control, debit - credit),
        )
        for party in sorted(parties, key=lambda party: (party.name, party.code))
        for debit, credit in [moved.get(party.pk, (0, 0))]
    ]
    return found if include_settled else [one for one in found if one.balance]
