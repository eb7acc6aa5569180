"""How events are booked is the distributor's own; nothing is switched on that does not balance."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import transaction

from billing.ledger import rules
from billing.ledger.errors import Malformed, UnknownAccount, refusals
from billing.ledger.models import Account, Journal, PostingRule
from shared_apps.audit import services as audit


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
