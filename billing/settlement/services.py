"""The waterfall's three doors, called in the seller's own transaction. The SQL behind them is the rule."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import connection, transaction
from django.db.utils import DatabaseError

from shared_apps.audit.services import record
from shared_apps.kernel.money import Money

from .errors import NoTermsInForce, NotForSale, RefundWindowOver

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


def record_sale(*, trace_id: UUID, at: datetime) -> int:
    """Turns a frozen waterfall into obligations, one a hop. Safe to repeat; returns how many are new."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT public.record_sale(%s, %s)", [trace_id, at])
        written = int(cursor.fetchone()[0])
    record("obligation.sale", after={"trace": str(trace_id), "hops": written})
    return written


def record_sale_refund(*, trace_id: UUID, at: datetime) -> int:
    """Writes the negated copies of a sale's obligations. Safe to repeat; returns how many are new.

    Raises RefundWindowOver an hour after the sale: nobody above the seller is asked here.
    """
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT public.record_sale_refund(%s, %s)", [trace_id, at])
            written = int(cursor.fetchone()[0])
    except DatabaseError as error:
        if getattr(error.__cause__, "sqlstate", "") != "NC007":
            raise
        raise RefundWindowOver from error
    record("obligation.refund", after={"trace": str(trace_id), "hops": written})
    return written
