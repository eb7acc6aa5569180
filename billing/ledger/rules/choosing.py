"""How an event becomes postings: the proof of a rule, the choice of a rule, and its lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, TypedDict

from django.utils.translation import gettext as _

from billing.ledger.enums import Side
from billing.ledger.errors import Malformed, RuleRefused, UnmatchedEvent
from billing.ledger.events import Event
from billing.ledger.models import PostingRule


class RuleLine(TypedDict):
    side: str
    account: str
    party: str | None
    amount: str


def prove(lines: Sequence[RuleLine]) -> None:
    """Refuses a rule that is not balanced for every possible amount.

    A line takes one whole amount, so a rule balances whatever the amounts are exactly when each
    amount is debited as often as it is credited. The database checks the same again.
    """
    if len(lines) < 2:
        raise RuleRefused(reason=_("至少需要一借一贷两行。"))
    gap: Counter[str] = Counter()
    for number, line in enumerate(lines, start=1):
        if line.get("side") not in Side.values or not line.get("account") or not line.get("amount"):
            raise RuleRefused(
                reason=_("第 %(number)s 行缺少方向、科目或金额。") % {"number": number}
            )
        gap[line["amount"]] += 1 if line["side"] == Side.DEBIT else -1
    for amount, times in gap.items():
        if times:
            raise RuleRefused(reason=_("金额“%(amount)s”借贷次数不相等。") % {"amount": amount})


def choose(rules: Iterable[PostingRule], event: Event) -> PostingRule:
    """The first active rule, in order, that has a place for every amount and knows every party it needs."""
    told = {name for name, money in event.amounts.items() if money}
    if not told or any(money.minor < 0 for money in event.amounts.values()):
        raise Malformed(source=event.source)
    for rule in sorted(rules, key=lambda rule: rule.position):
        if rule.event != event.event or not rule.active:
            continue
        lines: list[RuleLine] = rule.lines
        amounts = {line["amount"] for line in lines}
        parties = {line["party"] for line in lines if line.get("party")}
        if told <= amounts and parties <= event.parties.keys():
            return rule
    raise UnmatchedEvent(event=event.event, source=event.source)


def entry_of(rule: PostingRule, event: Event) -> dict[str, Any]:
    """The entry as `public.ledger_post_many` takes it; lines whose amount is zero drop out, in pairs."""
    lines = []
    for line in rule.lines:
        amount = event.amounts.get(line["amount"])
        if not amount:
            continue
        posting = {
            "side": line["side"],
            "account": line["account"],
            "amount": amount.minor,
            "currency": amount.currency,
        }
        if line.get("party"):
            party = event.parties[line["party"]]
            posting |= {
                "party_kind": str(party.kind),
                "party_id": party.id,
                "party_name": party.name,
            }
        lines.append(posting)
    return {
        "journal": rule.journal.code,
        "kind": event.event,
        "source": event.source,
        "effective_at": event.effective_at.isoformat(),
        "memo": event.memo,
        "facts": event.facts(),
        "lines": lines,
    }
