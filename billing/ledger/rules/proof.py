"""The proof that a rule balances, whatever the amounts are. Nothing is tried out: coefficients are read off.

Each line is a whole-numbered sum of amounts and parts. Debits less credits is then one such sum as well, and
it is nothing for all amounts when each of its coefficients is nothing. Parts count as amounts of their
own, so that no rounding can unbalance an accepted rule. The database proves the same again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TypedDict

from django.utils.translation import gettext as _

from billing.ledger.enums import Side
from billing.ledger.errors import RuleRefused
from shared_apps.kernel.money import Money

from .amounts import NAME, Form, Part, fraction, read_rate, rounded, sound_form, value, write_form

MOST_LINES = 20
MOST_PARTS = 5
# What a counterexample is looked for in, in fen: round sums first, then those that round unevenly.
_TRIED = (10000, 100, 1, 2, 3, 5, 7, 0, 33, 50, 9999, 12345, 1000001)


class RuleLine(TypedDict):
    """`account` is a code, or "@name" for one that the event tells."""

    side: str
    account: str
    party: str | None
    amount: Form


def given(account: str) -> bool:
    """Whether the line leaves its account to the event."""
    return account.startswith("@")


@dataclass(frozen=True, slots=True)
class Counterexample:
    amounts: Mapping[str, int]
    debit: int
    credit: int

    def __str__(self) -> str:
        told = _("、").join(f"{name} = {Money(minor)}" for name, minor in self.amounts.items())
        return _("例如 %(told)s 时，借方 %(debit)s，贷方 %(credit)s。") % {
            "told": told,
            "debit": Money(self.debit),
            "credit": Money(self.credit),
        }


def prove(*, lines: Sequence[RuleLine], parts: Sequence[Part] = ()) -> None:
    """Refuses a rule that is malformed, or not proved to balance; says for which amounts it does not."""
    _sound_parts(parts)
    _sound_lines(lines)
    names = {part["name"] for part in parts}
    used = {name for line in lines for name in line["amount"]}
    if spare := sorted(names - used):
        raise RuleRefused(
            reason=_("分拆金额“%(name)s”没有用在任何一行。") % {"name": "、".join(spare)}
        )
    gap = gap_of(lines)
    if not gap:
        return
    example = counterexample(lines=lines, parts=parts)
    raise RuleRefused(
        reason=_("借方减贷方多出 %(gap)s。%(example)s")
        % {
            "gap": write_form(gap),
            "example": example or _("各部分分别四舍五入，不能保证相等，请把最后一部分写成差额。"),
        },
        example=example,
    )


def gap_of(lines: Sequence[RuleLine]) -> Form:
    """Debits less credits, as a sum of names: empty when the rule balances."""
    gap: Counter[str] = Counter()
    for line in lines:
        sign = 1 if line["side"] == Side.DEBIT else -1
        for name, times in line["amount"].items():
            gap[name] += sign * times
    return {name: times for name, times in gap.items() if times}


def counterexample(
    *, lines: Sequence[RuleLine], parts: Sequence[Part] = ()
) -> Counterexample | None:
    """Amounts for which debits and credits differ, or None if none of those tried does."""
    names = sorted(amounts_of(lines=lines, parts=parts))
    for told in _trials(names):
        minors = with_parts(told, parts)
        debit, credit = (
            sum(value(line["amount"], minors) for line in lines if line["side"] == side)
            for side in (Side.DEBIT, Side.CREDIT)
        )
        if debit != credit:
            return Counterexample(told, debit, credit)
    return None


def amounts_of(*, lines: Sequence[RuleLine], parts: Sequence[Part]) -> set[str]:
    """The names of amounts that a rule has a place for; its parts are its own."""
    used = {name for line in lines for name in line["amount"]}
    return (used | {name for part in parts for name in part["of"]}) - {p["name"] for p in parts}


def with_parts(told: Mapping[str, int], parts: Sequence[Part]) -> dict[str, int]:
    minors = dict(told)
    for part in parts:
        minors[part["name"]] = rounded(value(part["of"], told), *fraction(part["rate"]))
    return minors


def _trials(names: Sequence[str]) -> Iterator[dict[str, int]]:
    for one in names:
        for minor in _TRIED:
            yield {name: minor if name == one else 0 for name in names}
    if len(names) <= 3:
        for minors in product(_TRIED, repeat=len(names)):
            yield dict(zip(names, minors, strict=True))


def _sound_parts(parts: Sequence[Part]) -> None:
    if len(parts) > MOST_PARTS:
        raise RuleRefused(reason=_("分拆金额最多 %(most)s 项。") % {"most": MOST_PARTS})
    names: set[str] = set()
    made: set[tuple[str, str]] = set()
    bases = {name for part in parts for name in sound_form(part.get("of"))}
    for part in parts:
        name = part.get("name") or ""
        if not NAME.match(name) or name in names or name in bases:
            raise RuleRefused(
                reason=_("分拆金额的名称“%(name)s”不能用：须为小写字母开头且不与其他金额重名。")
                % {"name": name}
            )
        if read_rate(part.get("rate") or "") != part["rate"]:
            raise RuleRefused(reason=_("比例“%(text)s”没有约分。") % {"text": part["rate"]})
        how = (write_form(part["of"]), part["rate"])
        if how in made:
            raise RuleRefused(
                reason=_("分拆金额“%(name)s”与另一项算法相同，请只留一项。") % {"name": name}
            )
        names.add(name)
        made.add(how)


def _sound_lines(lines: Sequence[RuleLine]) -> None:
    if len(lines) < 2:
        raise RuleRefused(reason=_("至少需要一借一贷两行。"))
    if len(lines) > MOST_LINES:
        raise RuleRefused(reason=_("最多 %(most)s 行。") % {"most": MOST_LINES})
    for number, line in enumerate(lines, start=1):
        party = line.get("party")
        if (
            line.get("side") not in Side.values
            or not line.get("account")
            or (given(line["account"]) and not NAME.match(line["account"][1:]))
            or (party and not NAME.match(party))
        ):
            raise RuleRefused(
                reason=_("第 %(number)s 行缺少方向、科目或金额。") % {"number": number}
            )
        sound_form(line.get("amount"))
