from __future__ import annotations

from dataclasses import dataclass

from django.utils import translation

from billing.ledger.enums import RuleState
from billing.ledger.errors import UnknownAccount
from billing.ledger.models import Account, Journal, PostingRule
from shared_apps.kernel.money import Money

from .balances import on_normal_side
from .trial import trial_balance


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account of the chart with what stands in it now, on its normal side, and its place in the tree."""

    account: Account
    depth: int
    balance: Money


def accounts() -> list[AccountRow]:
    """科目表: every account that is not a party's, in the order of codes, parties rolled up. Three queries."""
    moved = {row.code: row.closing.minor for row in trial_balance().rows}
    depths: dict[int, int] = {}
    rows = []
    for account in Account.objects.filter(party_id="").order_by("code"):
        depth = depths.get(account.parent_id, -1) + 1 if account.parent_id else 0
        depths[account.pk] = depth
        rows.append(AccountRow(account, depth, on_normal_side(account, moved.get(account.code, 0))))
    return rows


def journals() -> list[Journal]:
    return list(Journal.objects.order_by("id"))


def rule_names() -> dict[str, str]:
    """What the distributor calls each kind of event, by its first active rule; as it is called in the
    reader's language where it still has its standard name.
    """
    names: dict[str, str] = {}
    rules = PostingRule.objects.exclude(version__state=RuleState.DRAFT).order_by(
        "version__event", "-version__number", "-active", "position"
    )
    for event, name in rules.values_list("version__event", "name"):
        names.setdefault(event, translation.gettext(name))
    return names


def account_names() -> dict[str, str]:
    """ "1012" → "1012 其他货币资金", for every account that is not a party's."""
    rows = Account.objects.filter(party_id="").values_list("code", "name")
    return {code: f"{code} {name}" for code, name in rows}


def own_accounts() -> list[Account]:
    """The accounts of the chart, without those of parties."""
    return list(Account.objects.filter(party_id="").order_by("code"))


def account_of(*, code: str) -> Account:
    found = Account.objects.select_related("parent").filter(code=code).first()
    if found is None:
        raise UnknownAccount(account=code)
    return found


def parties() -> list[tuple[str, str, str]]:
    """(kind, id, name) of every party with an account that may be mapped elsewhere."""
    found = (
        Account.objects.exclude(party_id="")
        .filter(floor_minor=None)
        .order_by("party_kind", "name", "party_id", "id")
        .values_list("party_kind", "party_id", "name")
    )
    known: dict[tuple[str, str], str] = {}
    for kind, party_id, name in found:
        known.setdefault((kind, party_id), name)
    return [(kind, party_id, name) for (kind, party_id), name in known.items()]
