from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shared_apps.kernel.money import Money

from .parties import Party


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, in the words of the business: rules decide how it is booked.

    `source` names it once and for all; telling it again posts nothing.
    """

    event: str
    source: str
    effective_at: datetime
    parties: Mapping[str, Party] = field(default_factory=dict)
    amounts: Mapping[str, Money] = field(default_factory=dict)
    memo: str = ""

    def facts(self) -> dict[str, Any]:
        """What the entry remembers of the event, and what a second telling must agree with.

        Neither names nor the time: a retry may know them better.
        """
        return {
            "parties": {role: [str(party.kind), party.id] for role, party in self.parties.items()},
            "amounts": {
                name: [money.minor, money.currency] for name, money in self.amounts.items()
            },
        }
