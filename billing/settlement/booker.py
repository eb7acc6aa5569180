"""Books a distributor's side of its obligations in its own ledger, in batches, exactly once.

Nobody waits for it: a party whose period is closed or whose rule is wrong falls behind, visibly,
while everyone else goes on.
"""

from __future__ import annotations

from datetime import timedelta

import structlog
from django.db import transaction

from billing.ledger.enums import PartyKind
from billing.ledger.events import Event
from billing.ledger.parties import Party
from billing.ledger.services import post_events
from shared_apps.kernel import clock
from shared_apps.kernel.errors import DomainError
from shared_apps.kernel.money import Money

from .models import Booking, Kind, Side
from .queries import due

log = structlog.get_logger(__name__)

BATCH = 500
TRY_AGAIN = timedelta(minutes=5)

# (side, kind) → the ledger's event.
_EVENTS = {
    (Side.DEBTOR, Kind.SALE): "purchase",
    (Side.DEBTOR, Kind.REFUND): "purchase_refund",
    (Side.CREDITOR, Kind.SALE): "supply",
    (Side.CREDITOR, Kind.REFUND): "supply_refund",
}

# How the rules name the other side.
_ROLES = {Side.DEBTOR: "creditor", Side.CREDITOR: "debtor"}


def book() -> int:
    """Books everything that waits for the distributor we stand in; returns how many were booked."""
    done = 0
    while True:
        batch = _book_batch()
        done += batch
        if batch < BATCH:
            return done


def _book_batch() -> int:
    """Takes what waits, oldest first; returns how many were taken, booked or put off."""
    with transaction.atomic():
        pending = list(
            Booking.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(due())
            .select_related("obligation__debtor", "obligation__creditor", "obligation__supplier")
            .order_by("id")[:BATCH]
        )
        if not pending:
            return 0
        try:
            with transaction.atomic():
                _post(pending)
        except DomainError:
            for row in pending:
                _post_alone(row)
        return len(pending)


def _post(rows: list[Booking]) -> None:
    entries = post_events(events=[_event(row) for row in rows])
    for row, entry in zip(rows, entries, strict=True):
        row.booked_at, row.entry_id, row.error = entry.recorded_at, entry.public_id, ""
    Booking.objects.bulk_update(rows, ["booked_at", "entry_id", "error"])


def _post_alone(row: Booking) -> None:
    """One that the books refuse waits, with its reason, and holds nobody else up."""
    try:
        with transaction.atomic():
            _post([row])
    except DomainError as refused:
        log.error("booking.refused", code=refused.code, booking=row.pk, reason=str(refused))
        row.error = str(refused)[:500]
        row.next_try_at = clock.now() + TRY_AGAIN
        row.save(update_fields=["error", "next_try_at"])


def _event(row: Booking) -> Event:
    obligation = row.obligation
    return Event(
        event=_EVENTS[Side(row.side), Kind(obligation.kind)],
        source=f"obligation:{obligation.public_id}:{row.side.lower()}",
        effective_at=obligation.effective_at,
        parties={_ROLES[Side(row.side)]: counterparty(row)},
        amounts={"amount": Money(abs(obligation.amount_minor), obligation.currency)},
        memo=f"{obligation.get_kind_display()} {obligation.trace_id}",
    )


def counterparty(row: Booking) -> Party:
    """The other side of a booking, as the ledger names it."""
    obligation = row.obligation
    other = obligation.debtor if row.side == Side.CREDITOR else obligation.creditor
    if other is not None:
        return Party(PartyKind.DISTRIBUTOR, str(other.public_id), other.name)
    supplier = obligation.supplier
    if supplier is None:
        raise LookupError(f"{obligation.public_id} has no creditor.")
    return Party(PartyKind.SUPPLIER, str(supplier.public_id), supplier.display_name)
