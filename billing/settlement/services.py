"""The waterfall's three doors, called in the seller's own transaction. The SQL behind them is the rule."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import connection, transaction
from django.db.utils import DatabaseError

from shared_apps.audit.services import record
from shared_apps.kernel.money import Money

from .errors import NoTermsInForce, NotForSale, ObligationNotFound, RefundWindowOver
from .models import Kind, Obligation, RefundPermit

_REFUSALS = {"NC002": NotForSale, "NC003": NoTermsInForce, "NC004": NotForSale}


def freeze_waterfall(*, trace_id: UUID, plan_id: int, hours: Decimal, at: datetime) -> Money:
    """Freezes every level's price of one order line, by the terms in force; returns the seller's own cost.

    Safe to repeat: the first call's figures stand. Raises NotForSale, NoTermsInForce.
    """
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT public.freeze_waterfall(%s, %s, %s, %s)", [trace_id, plan_id, hours, at]
            )
            amount = Money(cursor.fetchone()[0])
            record("waterfall.freeze", after={"trace": str(trace_id), "own_cost": str(amount)})
            return amount
    except DatabaseError as error:
        refusal = _REFUSALS.get(getattr(error.__cause__, "sqlstate", "") or "")
        if refusal is None:
            raise
        raise refusal from error


def freeze_usage(
    *, machine: UUID, plan_id: int, starts_at: datetime, ends_at: datetime
) -> tuple[UUID, Money]:
    """Freezes every level's price of what was used in [starts_at, ends_at), by the terms of its beginning.

    Safe to repeat. Returns the trace and the seller's own cost. Raises NotForSale, NoTermsInForce.
    """
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT trace, own FROM public.freeze_usage(%s, %s, %s, %s)",
                [machine, plan_id, starts_at, ends_at],
            )
            trace, own = cursor.fetchone()
    except DatabaseError as error:
        refusal = _REFUSALS.get(getattr(error.__cause__, "sqlstate", "") or "")
        if refusal is None:
            raise
        raise refusal from error
    amount = Money(own)
    record("waterfall.freeze", after={"trace": str(trace), "own_cost": str(amount)})
    return trace, amount


def record_sale(*, trace_id: UUID, at: datetime) -> int:
    """Turns a frozen waterfall into obligations, one a hop. Safe to repeat; returns how many are new."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT public.record_sale(%s, %s)", [trace_id, at])
        written = int(cursor.fetchone()[0])
    record("obligation.sale", after={"trace": str(trace_id), "hops": written})
    return written


def record_sale_refund(
    *, trace_id: UUID, refund_id: UUID, returned: Money, paid: Money, at: datetime
) -> int:
    """Writes the negated copies of one part of a sale's obligations, a hop each.

    Of `paid`, `returned` is back with this refund and all before it; each level gets back the same part
    of what was frozen for it. Safe to repeat with the same `refund_id`; returns how many are new.
    Raises RefundWindowOver where that takes back hours that were used and the operator has not agreed.
    """
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT public.record_sale_refund(%s, %s, %s, %s, %s)",
                [trace_id, refund_id, returned.minor, paid.minor, at],
            )
            written = int(cursor.fetchone()[0])
    except DatabaseError as error:
        if getattr(error.__cause__, "sqlstate", "") != "NC007":
            raise
        raise RefundWindowOver from error
    record(
        "obligation.refund",
        after={
            "trace": str(trace_id),
            "refund": str(refund_id),
            "returned": f"{returned} / {paid}",
            "hops": written,
        },
    )
    return written


def permit_refund(*, trace_id: UUID, reason: str, by: str, at: datetime) -> RefundPermit:
    """The operator agrees that a sale may be taken back whole, whatever was used. Safe to repeat.

    Every level between loses its part with it. Raises ObligationNotFound.
    """
    with transaction.atomic():
        if not Obligation.objects.filter(trace_id=trace_id, kind=Kind.SALE).exists():
            raise ObligationNotFound
        permit, fresh = RefundPermit.objects.get_or_create(
            trace_id=trace_id,
            defaults={"reason": reason[:200], "permitted_by": by[:120], "permitted_at": at},
        )
        if fresh:
            record("obligation.permit_refund", after={"trace": str(trace_id)}, note=reason)
    return permit
