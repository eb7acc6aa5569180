"""When a rule is meant: conditions over what an event says. All of a rule's conditions must hold.

A small closed set, stored as data: {"fact": "party.creditor", "op": "is", "values": ["SUPPLIER"]}.
A fact that the event does not tell is "": it is nothing that `is` names, and `is_not` everything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypedDict

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.ledger.enums import PartyKind
from billing.ledger.errors import RuleRefused
from billing.ledger.events import Event
from shared_apps.kernel.money import Money

MOST_CONDITIONS = 10
MOST_VALUES = 50


class Condition(TypedDict):
    fact: str
    op: str
    values: list[str]


Test = Callable[[Event], bool]

OPERATORS: Final[Mapping[str, str | Promise]] = {
    "is": gettext_lazy("是其中之一"),
    "is_not": gettext_lazy("不是其中任何一个"),
    "told": gettext_lazy("有填写"),
    "untold": gettext_lazy("没有填写"),
    "lt": gettext_lazy("小于"),
    "le": gettext_lazy("不超过"),
    "gt": gettext_lazy("大于"),
    "ge": gettext_lazy("不低于"),
}
_COMPARED: Final[Mapping[str, Callable[[int, int], bool]]] = {
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
}
# party.<role>: its kind; party.<role>.id: whose; amount.<name>: in yuan; detail.<name>: a named fact.
_FACT = re.compile(
    r"(?:(?P<party>party)\.(?P<role>[a-z][a-z0-9_]{0,39})(?P<id>\.id)?"
    r"|(?P<amount>amount)\.(?P<name>[a-z][a-z0-9_]{0,39})"
    r"|(?P<currency>currency)"
    r"|(?P<detail>detail)\.(?P<word>[a-z][a-z0-9_]{0,39}))\Z"
)


def sound_conditions(conditions: Any) -> list[Condition]:
    """Conditions as they are stored; refuses what is outside the set."""
    if not isinstance(conditions, list) or len(conditions) > MOST_CONDITIONS:
        raise RuleRefused(reason=_("条件最多 %(most)s 条。") % {"most": MOST_CONDITIONS})
    for condition in conditions:
        compile_condition(condition)
    return conditions


def compile_all(conditions: Sequence[Condition]) -> Test:
    tests = [compile_condition(condition) for condition in conditions]
    return lambda event: all(test(event) for test in tests)


def compile_condition(condition: Any) -> Test:
    """The test of one condition; refuses one that is not sound."""
    if not isinstance(condition, Mapping) or set(condition) != {"fact", "op", "values"}:
        raise RuleRefused(reason=_("条件不完整。"))
    fact, op, values = condition["fact"], condition["op"], condition["values"]
    read = _FACT.match(fact) if isinstance(fact, str) else None
    if read is None:
        raise RuleRefused(reason=_("没有“%(fact)s”这一项条件。") % {"fact": fact})
    told = (
        isinstance(values, list)
        and len(values) <= MOST_VALUES
        and all(isinstance(value, str) and 0 < len(value) <= 100 for value in values)
    )
    if not told or op not in OPERATORS:
        raise RuleRefused(reason=_("条件“%(fact)s”的比较方式或取值不对。") % {"fact": fact})
    if read["amount"]:
        return _amount_test(fact, read["name"], op, values)
    if op in _COMPARED:
        raise RuleRefused(reason=_("“%(fact)s”不是金额，不能比较大小。") % {"fact": fact})
    if (op in ("told", "untold")) == bool(values):
        raise RuleRefused(reason=_("条件“%(fact)s”的取值不对。") % {"fact": fact})
    if read["party"] and not read["id"] and (wrong := set(values) - set(PartyKind.values)):
        raise RuleRefused(reason=_("没有“%(kind)s”这种往来单位。") % {"kind": min(wrong)})
    tell = _teller(read)
    if op == "told":
        return lambda event: tell(event) != ""
    if op == "untold":
        return lambda event: tell(event) == ""
    wanted = frozenset(values)
    if op == "is":
        return lambda event: tell(event) in wanted
    return lambda event: tell(event) not in wanted


def _teller(read: re.Match[str]) -> Callable[[Event], str]:
    if read["currency"]:
        return lambda event: "/".join(sorted({m.currency for m in event.amounts.values() if m}))
    if read["detail"]:
        word = read["word"]
        return lambda event: event.details.get(word, "")
    role, own = read["role"], bool(read["id"])

    def of_party(event: Event) -> str:
        party = event.parties.get(role)
        if party is None:
            return ""
        return party.id if own else str(party.kind)

    return of_party


def _amount_test(fact: str, name: str, op: str, values: Sequence[str]) -> Test:
    if op in ("told", "untold") and not values:
        return lambda event: bool(event.amounts.get(name)) == (op == "told")
    compare = _COMPARED.get(op)
    if compare is None or len(values) != 1:
        raise RuleRefused(reason=_("金额条件“%(fact)s”须与一个数比较大小。") % {"fact": fact})
    other = _FACT.match(values[0])
    if other is not None and other["amount"]:
        against = other["name"]
        return lambda event: compare(_minor(event, name), _minor(event, against))
    try:
        bound = Money.of(values[0]).minor
    except ValueError as error:
        raise RuleRefused(
            reason=_("“%(value)s”不是以元为单位的金额。") % {"value": values[0]}
        ) from error
    return lambda event: compare(_minor(event, name), bound)


def _minor(event: Event, name: str) -> int:
    money = event.amounts.get(name)
    return money.minor if money else 0
