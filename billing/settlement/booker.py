"""Books a distributor's side of its obligations in its own ledger, in batches, exactly once.

Nobody waits for it: a party whose period is closed or whose rule is wrong falls behind, visibly,
while everyone else goes on.
"""

from __future__ import annotations

import structlog
from django.db import transaction

from billing.ledger.enums import PartyKind
from billing.ledger.events import Event
from billing.ledger.parties import Party
from billing.ledger.services import post_events
from shared_apps.kernel.errors import DomainError
from shared_apps.kernel.money import Money

from .models import Booking, Kind, Side

log = structlog.get_logger(__name__)

BATCH = 500

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
    with transaction.atomic():
        pending = list(
            Booking.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(booked_at=None)
            .select_related("obligation__debtor", "obligation__creditor", "obligation__supplier")
            .order_by("id")[:BATCH]
        )
        if not pending:
            return 0
        try:
            with transaction.atomic():
                entries = post_events(events=[_event(row) for row in pending])
        except DomainError as refused:
            log.error("booking.refused", code=refused.code, rows=len(pending), reason=str(refused))
            Booking.objects.filter(pk__in=[row.pk for row in pending]).update(
                error=str(refused)[:500]
            )
            return 0
        for row, entry in zip(pending, entries, strict=True):
            row.booked_at, row.entry_id, row.error = entry.recorded_at, entry.public_id, ""
        Booking.objects.bulk_update(pending, ["booked_at", "entry_id", "error"])
        return len(pending)


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
