"""Opening and closing the days in which entries may land."""

from __future__ import annotations

from datetime import date

from django.db import connection, transaction

from billing.ledger.enums import PERIOD_TRANSITIONS, PeriodState
from billing.ledger.errors import refusals
from billing.ledger.models import Period
from shared_apps.audit import services as audit


def hold_days() -> None:
    """Waits for the entries under way and holds new ones up until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT public.ledger_hold_days()")


@transaction.atomic
def open_period(*, start: date, end: date) -> Period:
    """Adds the days [start, end) as a period of their own; they may not overlap another."""
    with refusals():
        period = Period.objects.create(start_date=start, end_date=end)
    audit.record("ledger.open_period", obj=period, after={"start": str(start), "end": str(end)})
    return period


@transaction.atomic
def set_period_state(*, period: Period, state: PeriodState) -> Period:
    """Bars the days of a period, or opens them again, and carries nothing forward: see `closing`.

    Waits for the entries under way; no entry may then land in it.
    """
    hold_days()
    held = Period.objects.select_for_update().get(pk=period.pk)
    if state not in PERIOD_TRANSITIONS[PeriodState(held.state)]:
        return held
    before = held.state
    held.state = state
    held.save(update_fields=["state"])
    audit.record(
        "ledger.set_period_state", obj=held, before={"state": before}, after={"state": str(state)}
    )
    return held
