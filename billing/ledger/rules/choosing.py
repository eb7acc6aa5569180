"""From an event to an entry, in plain Python: the version in force, its first rule that fits, and the lines.

A `Book` is all of a distributor's rules, compiled. It asks the database nothing and can be kept as long as
the mark of its `RuleBook` stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from billing.ledger.errors import Malformed, NegativeLine, UnmatchedEvent
from billing.ledger.events import Event
from billing.ledger.models import PartyAccount, PostingRule, RuleVersion
from billing.ledger.parties import Party

from .amounts import Form, fraction, rounded, value
from .conditions import compile_all
from .proof import amounts_of, given

Mapped = Callable[[str, Party, datetime], str]


@dataclass(frozen=True, slots=True)
class CompiledRule:
    position: int
    name: str
    journal: str
    holds: Callable[[Event], bool]
    amounts: frozenset[str]
    parties: frozenset[str]
    accounts: frozenset[str]
    parts: tuple[tuple[str, Form, int, int], ...]
    lines: tuple[tuple[str, str, str | None, Form], ...]

    def fits(self, event: Event, told: set[str]) -> bool:
        """It has a place for every amount, knows every party that it needs, and is meant for this event."""
        return (
            told <= self.amounts
            and self.parties <= event.parties.keys()
            and self.accounts <= event.accounts.keys()
            and self.holds(event)
        )

    def post(self, event: Event, mapped: Mapped) -> list[dict[str, Any]]:
        """The lines as the database takes them; those worth nothing drop out.

        A line, or the base of a part, that would be negative is refused: sides never turn by themselves.
        """
        minors = {name: money.minor for name, money in event.amounts.items()}
        currencies = {name: money.currency for name, money in event.amounts.items() if money}
        for name, of, numerator, denominator in self.parts:
            base = value(of, minors)
            if base < 0:
                raise NegativeLine(source=event.source, rule=self.name)
            minors[name] = rounded(base, numerator, denominator)
            currencies[name] = self._currency(of, currencies, event)
        posted: list[dict[str, Any]] = []
        for side, account, role, form in self.lines:
            minor = value(form, minors)
            if minor < 0:
                raise NegativeLine(source=event.source, rule=self.name)
            if minor == 0:
                continue
            line: dict[str, Any] = {
                "side": side,
                "account": event.accounts[account[1:]] if given(account) else account,
                "amount": minor,
                "currency": self._currency(form, currencies, event),
            }
            if role:
                party = event.parties[role]
                line |= {
                    "account": mapped(line["account"], party, event.effective_at),
                    "party_kind": str(party.kind),
                    "party_id": party.id,
                    "party_name": party.name,
                }
            posted.append(line)
        if not posted:
            raise Malformed(source=event.source)
        return posted

    def _currency(self, form: Form, currencies: Mapping[str, str], event: Event) -> str:
        """The one currency of the amounts in a sum; two in one sum are refused."""
        met = {currencies[name] for name in form if currencies.get(name)}
        if len(met) > 1:
            raise Malformed(source=event.source)
        return met.pop() if met else ""


def compile_rule(rule: PostingRule) -> CompiledRule:
    return CompiledRule(
        position=rule.position,
        name=rule.name,
        journal=rule.journal.code,
        holds=compile_all(rule.conditions),
        amounts=frozenset(amounts_of(lines=rule.lines, parts=rule.parts)),
        parties=frozenset(line["party"] for line in rule.lines if line.get("party")),
        accounts=frozenset(n["account"][1:] for n in rule.lines if given(n["account"])),
        parts=tuple((p["name"], p["of"], *fraction(p["rate"])) for p in rule.parts),
        lines=tuple((n["side"], n["account"], n.get("party"), n["amount"]) for n in rule.lines),
    )


@dataclass(frozen=True, slots=True)
class CompiledVersion:
    number: int
    starts_at: datetime
    rules: tuple[CompiledRule, ...]

    def choose(self, event: Event) -> CompiledRule:
        """The first rule, in order, that fits. An event without one is refused, never guessed."""
        told = {name for name, money in event.amounts.items() if money}
        if not told or any(money.minor < 0 for money in event.amounts.values()):
            raise Malformed(source=event.source)
        for rule in self.rules:
            if rule.fits(event, told):
                return rule
        raise UnmatchedEvent(event=event.event, source=event.source)


def compile_version(version: RuleVersion, rules: Iterable[PostingRule]) -> CompiledVersion:
    active = sorted((rule for rule in rules if rule.active), key=lambda rule: rule.position)
    return CompiledVersion(
        number=version.number,
        starts_at=version.in_force_from,
        rules=tuple(compile_rule(rule) for rule in active),
    )


@dataclass(frozen=True, slots=True)
class Book:
    """`mark` is that of the `RuleBook` under which these rules were read."""

    mark: UUID | None
    versions: Mapping[str, tuple[CompiledVersion, ...]]  # of each event, the latest decision first
    mappings: Mapping[tuple[str, str, str], tuple[tuple[datetime, str], ...]] = field(
        default_factory=dict
    )

    def version(self, event: str, at: datetime) -> CompiledVersion | None:
        """In force at a moment: of the versions that had started, the one decided on last."""
        for version in self.versions.get(event, ()):
            if version.starts_at <= at:
                return version
        return None

    def account(self, control: str, party: Party, at: datetime) -> str:
        """机构科目对照: the party's own account, else the one of all of its kind, else the rule's."""
        for party_id in (party.id, ""):
            for starts_at, account in self.mappings.get((control, str(party.kind), party_id), ()):
                if starts_at <= at:
                    if account == "":
                        break
                    return account
        return control

    def controls(self, event: str, side: str) -> list[str]:
        """Under which accounts parties have ever stood at that side of an event, by rule or by mapping."""
        named = [
            account
            for version in self.versions.get(event, ())
            for rule in version.rules
            for at, account, role, _form in rule.lines
            if at == side and role
        ]
        mapped = [
            account
            for (control, _kind, _party), rows in self.mappings.items()
            for _starts_at, account in rows
            if control in named and account
        ]
        return list(dict.fromkeys((*named, *mapped)))

    def entry_of(self, event: Event) -> dict[str, Any]:
        """The entry as `public.ledger_post_many` takes it."""
        version = self.version(event.event, event.effective_at)
        if version is None:
            raise UnmatchedEvent(event=event.event, source=event.source)
        rule = version.choose(event)
        return {
            "journal": rule.journal,
            "kind": event.event,
            "source": event.source,
            "effective_at": event.effective_at.isoformat(),
            "exact": event.exact,
            "memo": event.memo,
            "facts": event.facts(),
            "lines": rule.post(event, self.account),
        }


def book_of(
    *, mark: UUID | None, versions: Iterable[RuleVersion], mappings: Iterable[PartyAccount]
) -> Book:
    """Compiles what was switched on. Pure if versions come with their rules and the rules' journals."""
    compiled: dict[str, list[CompiledVersion]] = {}
    for version in sorted(versions, key=lambda version: -version.number):
        compiled.setdefault(version.event, []).append(compile_version(version, version.rules.all()))
    mapped: dict[tuple[str, str, str], list[tuple[datetime, str]]] = {}
    for row in sorted(mappings, key=lambda row: -row.pk):
        key = (row.control.code, row.party_kind, row.party_id)
        account = row.account.code if row.account else ""
        mapped.setdefault(key, []).append((row.starts_at, account))
    return Book(
        mark,
        {event: tuple(rows) for event, rows in compiled.items()},
        {key: tuple(rows) for key, rows in mapped.items()},
    )
