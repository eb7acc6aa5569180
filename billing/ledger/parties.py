from __future__ import annotations

from dataclasses import dataclass

from .enums import PartyKind
from .errors import Malformed

_KINDS = frozenset(PartyKind.values)


@dataclass(frozen=True, slots=True)
class Party:
    """Whom a line of the books concerns. `id` is stable; `name` is used when the party's account opens."""

    kind: str
    id: str
    name: str = ""

    def __post_init__(self) -> None:
        if self.kind not in _KINDS or not self.id:
            raise Malformed(party=f"{self.kind}:{self.id}")
