"""Which lots pay, and which are paid back. Pure: the services lock, this reckons.

The order of use: promotional before gifted before paid money; of a kind what expires sooner, then
what came first. Money that comes back goes in the opposite order: what was used last returns first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from billing.ledger.errors import FloorBreached
from shared_apps.kernel.money import Money

from .enums import AMOUNT_OF, LotKind


@dataclass(slots=True)
class Usable:
    """A lot with what can be taken from it; `left` sinks as it is taken."""

    id: int
    kind: LotKind
    left: int
    origin_id: UUID


@dataclass(frozen=True, slots=True)
class Taken:
    lot_id: int
    kind: LotKind
    minor: int


def take(
    lots: Sequence[Usable], minor: int, *, first: Sequence[UUID] = (), only_paid: bool = False
) -> list[Taken]:
    """Takes an amount from lots that stand in the order of use; raises FloorBreached if they don't suffice.

    Lots of the origins `first` come before all others. `only_paid` leaves aside what was given.
    """
    rank = {origin: place for place, origin in enumerate(first)}
    taken = []
    for lot in sorted(lots, key=lambda lot: rank.get(lot.origin_id, len(rank))):
        part = min(minor, lot.left)
        if part == 0 or (only_paid and lot.kind is not LotKind.PAID):
            continue
        lot.left -= part
        minor -= part
        taken.append(Taken(lot.id, lot.kind, part))
    if minor:
        raise FloorBreached(lacking_minor=minor)
    return taken


def give_back(spent: Sequence[Taken], minor: int) -> list[Taken]:
    """The last `minor` of what was spent, in the order in which it was taken; the rest stays spent."""
    returned: list[Taken] = []
    for part in reversed(spent):
        piece = min(minor, part.minor)
        if piece:
            minor -= piece
            returned.append(Taken(part.lot_id, part.kind, piece))
    if minor:
        raise ValueError(f"{minor} more than was spent.")
    return returned


def by_amount(parts: Iterable[Taken], currency: str) -> dict[str, Money]:
    """The amounts of an event, as the posting rules call them; kinds that pay nothing are left out."""
    sums: Counter[LotKind] = Counter()
    for part in parts:
        sums[part.kind] += part.minor
    return {AMOUNT_OF[kind]: Money(minor, currency) for kind, minor in sums.items()}


def net(uses: Iterable[tuple[int, str, int]]) -> list[Taken]:
    """Sums (lot, kind, signed amount) by lot, in the order of first mention, without what came to nothing."""
    sums: dict[tuple[int, str], int] = {}
    for lot_id, kind, minor in uses:
        sums[lot_id, kind] = sums.get((lot_id, kind), 0) + minor
    return [Taken(lot, LotKind(kind), minor) for (lot, kind), minor in sums.items() if minor]
