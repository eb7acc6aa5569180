"""Posting rules in an accountant's words, and read from the forms in which they are written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as said
from django.utils.translation import gettext_lazy as _

from billing.ledger import chart, rules
from billing.ledger.enums import PartyKind, Side
from billing.ledger.models import PostingRule
from billing.ledger.queries.rules import Told
from billing.ledger.rules.conditions import OPERATORS

Words = Mapping[str, str | Promise]

ROLES: Words = {
    "customer": _("客户"),
    "channel": _("支付渠道"),
    "creditor": _("债权方"),
    "debtor": _("债务方"),
}
AMOUNTS: Words = {
    "amount": _("金额"),
    "gifted": _("赠送金额"),
    "promo": _("活动金额"),
    "fee": _("手续费"),
}
DETAILS: Words = {
    "method": _("支付方式"),
    "provider": _("支付机构"),
    "category": _("产品类别"),
    "supplier": _("供应商"),
    "lot_kind": _("余额种类"),
}
_KINDS = {kind.value: kind.label for kind in PartyKind}


def event_names() -> dict[str, str]:
    """What the standard books call each event, in the reader's language."""
    return {rule.event: translation.gettext(rule.name) for rule in reversed(chart.RULES)}


def role(name: str) -> str:
    return str(ROLES.get(name, name))


def fact(name: str) -> str:
    head, _dot, rest = name.partition(".")
    if head == "party":
        who, _dot, own = rest.partition(".")
        text = said("%(role)s是谁") if own else said("%(role)s的类型")
        return text % {"role": role(who)}
    if head == "amount":
        return _named(AMOUNTS, rest)
    if head == "currency":
        return said("币种")
    return _named(DETAILS, rest)


def _named(words: Mapping[str, str | Promise], code: str) -> str:
    if code not in words:
        return code
    return said("%(label)s（%(unit)s）") % {"label": words[code], "unit": code}


def sentence(condition: Mapping[str, Any]) -> str:
    """ "债权方的类型是其中之一：供应商" """
    values = [_value(condition["fact"], value) for value in condition["values"]]
    told = f"{fact(condition['fact'])} {OPERATORS.get(condition['op'], condition['op'])}"
    return f"{told} {_('、').join(values)}" if values else told


def _value(name: str, value: str) -> str:
    if value.startswith("amount."):
        return fact(value)
    if _of_kinds(name):
        return _shown(name, value)
    return f"¥{value}" if name.startswith("amount.") else value


@dataclass(frozen=True, slots=True)
class LineInWords:
    side: str
    account: str
    party: str
    amount: str


@dataclass(frozen=True, slots=True)
class RuleInWords:
    """A rule as it is shown; two with equal words say the same."""

    position: int
    name: str
    journal: str
    conditions: tuple[str, ...]
    parts: tuple[str, ...]
    lines: tuple[LineInWords, ...]
    active: bool


def in_words(rule: PostingRule, accounts: Mapping[str, str]) -> RuleInWords:
    return RuleInWords(
        position=rule.position,
        name=translation.gettext(rule.name),
        journal=rule.journal.name,
        conditions=tuple(sentence(condition) for condition in rule.conditions),
        parts=tuple(
            f"{part['name']} = ({rules.write_form(part['of'])}) × {part['rate']}"
            for part in rule.parts
        ),
        lines=tuple(
            LineInWords(
                side=line["side"],
                account=accounts.get(line["account"])
                or said("由业务指定（%(name)s）") % {"name": line["account"]},
                party=role(line["party"]) if line.get("party") else "",
                amount=amount_in_words(line["amount"]),
            )
            for line in rule.lines
        ),
        active=rule.active,
    )


def amount_in_words(form: Mapping[str, int]) -> str:
    text = rules.write_form(form)
    return str(AMOUNTS.get(text, text))


@dataclass(slots=True)
class RuleForm:
    """What was typed, kept as it was typed; `rule()` is what it says, or a refusal."""

    name: str
    journal: str
    active: bool
    conditions: list[dict[str, str]]
    parts: list[dict[str, str]]
    lines: list[dict[str, str]]

    @classmethod
    def of(cls, rule: PostingRule | None) -> RuleForm:
        if rule is None:
            return cls("", "GENERAL", True, [], [], [])
        return cls(
            name=rule.name,
            journal=rule.journal.code,
            active=rule.active,
            conditions=[
                {
                    "fact": c["fact"],
                    "op": c["op"],
                    "told": said("，").join(_shown(c["fact"], value) for value in c["values"]),
                }
                for c in rule.conditions
            ],
            parts=[
                {"name": p["name"], "of": rules.write_form(p["of"]), "rate": p["rate"]}
                for p in rule.parts
            ],
            lines=[
                {
                    "side": line["side"],
                    "account": line["account"],
                    "party": line.get("party") or "",
                    "amount": rules.write_form(line["amount"]),
                }
                for line in rule.lines
            ],
        )

    @classmethod
    def read(cls, told: QueryDict) -> RuleForm:
        return cls(
            name=told.get("name", "").strip()[:100],
            journal=told.get("journal", "")[:20],
            active="active" in told,
            conditions=_rows(told, "condition", ("fact", "op", "told"), ("fact",)),
            parts=_rows(told, "part", ("name", "of", "rate"), ("name", "of", "rate")),
            lines=_rows(
                told, "line", ("side", "account", "party", "amount"), ("account", "amount")
            ),
        )

    def rule(self) -> dict[str, Any]:
        """Conditions, parts and lines as they are stored; refuses what cannot be read."""
        return {
            "conditions": [
                {
                    "fact": c["fact"],
                    "op": c["op"],
                    "values": [
                        _stored(c["fact"], value.strip())
                        for value in re.split(r"[,\uff0c\u3001]", c["told"])
                        if value.strip()
                    ],
                }
                for c in self.conditions
            ],
            "parts": [
                {
                    "name": p["name"],
                    "of": rules.read_form(p["of"]),
                    "rate": rules.read_rate(p["rate"]),
                }
                for p in self.parts
            ],
            "lines": [
                {
                    "side": line["side"],
                    "account": line["account"],
                    "party": line["party"] or None,
                    "amount": rules.read_form(line["amount"]),
                }
                for line in self.lines
            ],
        }

    def shown(self) -> dict[str, list[dict[str, str]]]:
        """The rows with some empty ones behind them, so that more can be written without a script."""
        none: dict[str, str] = {}
        return {
            "conditions": [*self.conditions, *[none] * 2],
            "parts": [*self.parts, none],
            "lines": [*self.lines, *[none] * (2 if self.lines else 4)],
        }


def _of_kinds(name: str) -> bool:
    return name.startswith("party.") and not name.endswith(".id")


def _shown(name: str, value: str) -> str:
    return str(_KINDS.get(value, value)) if _of_kinds(name) else value


def _stored(name: str, value: str) -> str:
    """A kind of party by its code, whether it was written by its code or by its name."""
    if not _of_kinds(name):
        return value
    return next((code for code, label in _KINDS.items() if str(label) == value), value)


def _rows(
    told: QueryDict, prefix: str, keys: Sequence[str], telling: Sequence[str]
) -> list[dict[str, str]]:
    """Rows of equal inputs, less those that say nothing in any of the telling ones."""
    columns = {key: told.getlist(f"{prefix}_{key}")[:60] for key in keys}
    count = min(len(column) for column in columns.values())
    rows = [
        {key: columns[key][i].replace("\x00", "").strip()[:200] for key in keys}
        for i in range(count)
    ]
    return [row for row in rows if any(row[key] for key in telling)]


def fact_choices(told: Told, used: Iterable[str]) -> list[tuple[str, str]]:
    """What a condition may ask for: what such events have told, and what the rule asks for already."""
    names = [
        *(f"party.{name}{own}" for name in told.roles for own in ("", ".id")),
        *(f"amount.{name}" for name in told.amounts),
        "currency",
        *(f"detail.{name}" for name in dict.fromkeys((*told.details, *DETAILS))),
        *used,
    ]
    return [(name, fact(name)) for name in dict.fromkeys(names) if name]


def role_choices(told: Told, used: Iterable[str]) -> list[tuple[str, str]]:
    names = dict.fromkeys((*told.roles, *used))
    return [(name, role(name)) for name in names if name]


SIDES = Side.choices
