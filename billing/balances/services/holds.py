"""Hold, then capture or release: a balance is never checked and then debited.

The ledger keeps the money (available and held are two accounts of each customer, neither may fall
below zero); the hold's row keeps what it is for and which way it ended.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from billing.balances.enums import HoldState
from billing.balances.errors import HoldNotActive
from billing.balances.models import Hold
from billing.ledger.enums import PartyKind
from billing.ledger.events import Event
from billing.ledger.parties import Party
from billing.ledger.services import post_event, post_events
from shared_apps.audit.services import record
from shared_apps.kernel.money import Money


def place(*, customer: Party, parts: Sequence[tuple[UUID, Money]], at: datetime, memo: str) -> None:
    """Sets money aside, one hold for each (subject, amount); all of them or none.

    Raises the ledger's FloorBreached when the balance does not suffice. Locks the customer's balance.
    """
    with transaction.atomic():
        holds = Hold.objects.bulk_create(
            [
                Hold(
                    customer_id=UUID(customer.id),
                    subject_id=subject,
                    amount_minor=amount.minor,
                    currency=amount.currency,
                )
                for subject, amount in parts
            ]
        )
        entries = post_events(
            events=[
                Event(
                    event="hold",
                    source=f"hold:{hold.subject_id}",
                    effective_at=at,
                    parties={"customer": customer},
                    amounts={"amount": Money(hold.amount_minor, hold.currency)},
                    memo=memo,
                )
                for hold in holds
            ]
        )
        for hold, entry in zip(holds, entries, strict=True):
            hold.created_at = entry.recorded_at  # the books and the hold speak of the same moment
        Hold.objects.bulk_update(holds, ["created_at"])
        record(
            "hold.place", after={"customer": customer.id, "subjects": [str(s) for s, _ in parts]}
        )


def capture(
    *,
    subject_id: UUID,
    event: str,
    at: datetime,
    parties: Mapping[str, Party] | None = None,
    memo: str,
) -> Money:
    """Takes a held amount for good, by the posting rule of `event`. Locks the hold; not repeatable."""
    with transaction.atomic():
        hold = _held(subject_id)
        amount = Money(hold.amount_minor, hold.currency)
        entry = post_event(
            event=event,
            source=f"capture:{subject_id}",
            effective_at=at,
            parties={
                "customer": Party(PartyKind.CUSTOMER, str(hold.customer_id)),
                **(parties or {}),
            },
            amounts={"amount": amount},
            memo=memo,
        )
        _end(hold, HoldState.CAPTURED, entry.recorded_at)
        record("hold.capture", obj=hold, before={"state": "HELD"}, after={"state": "CAPTURED"})
    return amount


def release(*, subject_id: UUID, at: datetime, memo: str) -> Money:
    """Gives a held amount back to the customer's balance. Locks the hold; not repeatable."""
    with transaction.atomic():
        hold = _held(subject_id)
        amount = Money(hold.amount_minor, hold.currency)
        entry = post_event(
            event="release",
            source=f"release:{subject_id}",
            effective_at=at,
            parties={"customer": Party(PartyKind.CUSTOMER, str(hold.customer_id))},
            amounts={"amount": amount},
            memo=memo,
        )
        _end(hold, HoldState.RELEASED, entry.recorded_at)
        record("hold.release", obj=hold, before={"state": "HELD"}, after={"state": "RELEASED"})
    return amount


def _held(subject_id: UUID) -> Hold:
    hold = Hold.objects.select_for_update().get(subject_id=subject_id)
    if hold.state != HoldState.HELD:
        raise HoldNotActive
    return hold


def _end(hold: Hold, state: HoldState, recorded_at: datetime) -> None:
    hold.state = state
    hold.ended_at = recorded_at
    hold.save(update_fields=["state", "ended_at"])
