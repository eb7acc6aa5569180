from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shared_apps.kernel.money import Money

from .enums import PartyKind
from .parties import Party


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, in the words of the business: rules decide how it is booked.

    `source` names it once and for all; telling it again posts nothing. `accounts` are codes that the
    event itself is about, by the names that rules call them (`@account`). `exact` says that the day is
    meant: where it is closed the event is refused, and not booked as a late fact. `details` are named
    facts that rules may ask for: by which method, of which category.
    """

    event: str
    source: str
    effective_at: datetime
    parties: Mapping[str, Party] = field(default_factory=dict)
    amounts: Mapping[str, Money] = field(default_factory=dict)
    memo: str = ""
    accounts: Mapping[str, str] = field(default_factory=dict)
    exact: bool = False
    details: Mapping[str, str] = field(default_factory=dict)

    def facts(self) -> dict[str, Any]:
        """What the entry remembers of the event, and what a second telling must agree with.

        Neither names nor the time: a retry may know them better.
        """
        facts: dict[str, Any] = {
            "parties": {role: [str(party.kind), party.id] for role, party in self.parties.items()},
            "amounts": {
                name: [money.minor, money.currency] for name, money in self.amounts.items()
            },
        }
        if self.details:
            facts["details"] = dict(self.details)
        if self.accounts:
            facts["accounts"] = dict(self.accounts)
        return facts

    @classmethod
    def of_facts(
        cls, *, event: str, source: str, effective_at: datetime, facts: Mapping[str, Any]
    ) -> Event:
        """What an entry remembers, told once more; names it does not remember."""
        return cls(
            event=event,
            source=source,
            effective_at=effective_at,
            parties={
                role: Party(PartyKind(kind), party_id)
                for role, (kind, party_id) in facts["parties"].items()
            },
            amounts={
                name: Money(minor, currency) for name, (minor, currency) in facts["amounts"].items()
            },
            details=facts.get("details", {}),
            accounts=facts.get("accounts", {}),
        )
