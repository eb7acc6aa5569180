"""Hold, then capture or release: a balance is never checked and then debited.

The ledger keeps the money (available and held are accounts of each customer, none may fall below
zero), the lots keep where it came from; the hold's row keeps what it is for and which way it ended.
Every use of a lot is a row of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from billing.balances.enums import HoldState, UseWay
from billing.balances.errors import ReturnTooLarge
from billing.balances.locking import locked_hold, usable_lots
from billing.balances.models import Hold, LotUse
from billing.balances.parties import customer_party
from billing.balances.taking import Taken, by_amount, give_back, net, take
from billing.ledger.events import Event
from billing.ledger.models import Entry
from billing.ledger.parties import Party
from billing.ledger.services import post_event, post_events
from shared_apps.audit.services import record
from shared_apps.kernel.money import Money

from .lots import revive


def place(
    *,
    customer: Party,
    parts: Sequence[tuple[UUID, Money]],
    at: datetime,
    memo: str,
    first: Sequence[UUID] = (),
    only_paid: bool = False,
) -> None:
    """Sets money aside, one hold for each (subject, amount); all of them or none.

    Raises the ledger's FloorBreached when the balance does not suffice. Locks the customer's balance.
    Money of the origins `first` is used before any other; `only_paid` uses nothing that was given.
    """
    customer_id = UUID(customer.id)
    with transaction.atomic():
        lots = usable_lots(customer_id, at)
        taken = [take(lots, money.minor, first=first, only_paid=only_paid) for _, money in parts]
        entries = post_events(
            events=[
                Event(
                    event="hold",
                    source=f"hold:{subject}",
                    effective_at=at,
                    parties={"customer": customer},
                    amounts=by_amount(pieces, money.currency),
                    memo=memo,
                )
                for (subject, money), pieces in zip(parts, taken, strict=True)
            ]
        )
        holds = Hold.objects.bulk_create(
            [
                Hold(
                    customer_id=customer_id,
                    subject_id=subject,
                    amount_minor=amount.minor,
                    currency=amount.currency,
                    created_at=entry.recorded_at,  # the books and the hold speak of the same moment
                )
                for (subject, amount), entry in zip(parts, entries, strict=True)
            ]
        )
        LotUse.objects.bulk_create(
            use
            for hold, entry, pieces in zip(holds, entries, taken, strict=True)
            for use in _uses(hold, entry, UseWay.HOLD, pieces)
        )
        record(
            "hold.place", after={"customer": customer.id, "subjects": [str(s) for s, _ in parts]}
        )


def capture(
    *,
    subject_id: UUID,
    event: str,
    at: datetime,
    parties: Mapping[str, Party] | None = None,
    details: Mapping[str, str] | None = None,
    memo: str,
) -> Money:
    """Takes a held amount for good, by the posting rule of `event`. Locks the hold; not repeatable."""
    with transaction.atomic():
        hold = locked_hold(subject_id, HoldState.HELD)
        pieces = _pieces(hold, {UseWay.HOLD: 1})
        entry = post_event(
            event=event,
            source=f"capture:{subject_id}",
            effective_at=at,
            parties={**_customer(hold), **(parties or {})},
            amounts=by_amount(pieces, hold.currency),
            memo=memo,
            details=details,
        )
        _end(hold, HoldState.CAPTURED, entry, UseWay.CAPTURE, pieces)
        record("hold.capture", obj=hold, before={"state": "HELD"}, after={"state": "CAPTURED"})
    return Money(hold.amount_minor, hold.currency)


def release(*, subject_id: UUID, at: datetime, memo: str) -> Money:
    """Gives a held amount back to the lots it was taken from. Locks the hold; not repeatable.

    A lot whose time ran out meanwhile can be used for some days more.
    """
    with transaction.atomic():
        hold = locked_hold(subject_id, HoldState.HELD)
        pieces = _pieces(hold, {UseWay.HOLD: 1})
        entry = post_event(
            event="release",
            source=f"release:{subject_id}",
            effective_at=at,
            parties=_customer(hold),
            amounts=by_amount(pieces, hold.currency),
            memo=memo,
        )
        _end(hold, HoldState.RELEASED, entry, UseWay.RELEASE, pieces)
        revive(lot_ids=[piece.lot_id for piece in pieces], at=at)
        record("hold.release", obj=hold, before={"state": "HELD"}, after={"state": "RELEASED"})
    return Money(hold.amount_minor, hold.currency)


def undo_capture(
    *,
    subject_id: UUID,
    amount: Money,
    event: str,
    source: str,
    at: datetime,
    memo: str,
    details: Mapping[str, str] | None = None,
) -> dict[str, Money]:
    """Gives spent money back to the very lots it came from, by the posting rule of `event`.

    What was used last returns first, so of a partial return what the customer paid comes before what was
    given. Returns the amounts by kind. Never more than was spent; expired lots as in `release`.
    """
    with transaction.atomic():
        hold = locked_hold(subject_id, HoldState.CAPTURED)
        spent = _pieces(hold, {UseWay.CAPTURE: 1, UseWay.RETURN: -1})
        left = sum(piece.minor for piece in spent)
        if amount.minor > left:
            raise ReturnTooLarge(left=Money(left, hold.currency))
        pieces = give_back(spent, amount.minor)
        amounts = by_amount(pieces, hold.currency)
        entry = post_event(
            event=event,
            source=source,
            effective_at=at,
            parties=_customer(hold),
            amounts=amounts,
            memo=memo,
            details=details,
        )
        LotUse.objects.bulk_create(_uses(hold, entry, UseWay.RETURN, pieces))
        revive(lot_ids=[piece.lot_id for piece in pieces], at=at)
        record("hold.undo_capture", obj=hold, after={"amount": str(amount), "source": source})
    return amounts


def _customer(hold: Hold) -> dict[str, Party]:
    return {"customer": customer_party(hold.customer_id)}


def _pieces(hold: Hold, signs: Mapping[str, int]) -> list[Taken]:
    """What the hold's uses of these ways add up to, lot by lot, in the order in which they were taken."""
    uses = LotUse.objects.filter(hold=hold, way__in=signs).select_related("lot").order_by("id")
    return net((use.lot_id, use.lot.kind, signs[use.way] * use.amount_minor) for use in uses)


def _uses(hold: Hold, entry: Entry, way: UseWay, pieces: Iterable[Taken]) -> list[LotUse]:
    return [
        LotUse(
            lot_id=piece.lot_id,
            hold=hold,
            entry=entry,
            customer_id=hold.customer_id,
            way=way,
            amount_minor=piece.minor,
        )
        for piece in pieces
    ]


def _end(hold: Hold, state: HoldState, entry: Entry, way: UseWay, pieces: Sequence[Taken]) -> None:
    LotUse.objects.bulk_create(_uses(hold, entry, way, pieces))
    hold.state = state
    hold.ended_at = entry.recorded_at
    hold.save(update_fields=["state", "ended_at"])
