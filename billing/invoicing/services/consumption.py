"""What was consumed and given back, told by those above in the transaction in which it happens."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from billing.invoicing.errors import refusals
from billing.invoicing.models import Consumption
from billing.invoicing.tax import STANDARD_ITEM, STANDARD_RATE
from shared_apps.audit.services import record
from shared_apps.kernel.money import Money


def record_consumption(
    *,
    line_id: UUID,
    customer_id: UUID,
    name: str,
    amount: Money,
    at: datetime,
    order_id: UUID | None = None,
    order_number: str = "",
    tax_item: str = STANDARD_ITEM,
    tax_rate: Decimal = STANDARD_RATE,
) -> Consumption:
    """What was consumed can be invoiced from now on. Safe to repeat with the same line."""
    with transaction.atomic():
        consumption, fresh = Consumption.objects.get_or_create(
            line_id=line_id,
            defaults={
                "customer_id": customer_id,
                "order_id": order_id,
                "order_number": order_number,
                "name": name[:120],
                "tax_item": tax_item,
                "tax_rate": tax_rate,
                "consumed_minor": amount.minor,
                "currency": amount.currency,
                "consumed_at": at,
            },
        )
        if fresh:
            record("invoice.consumed", obj=consumption, after={"amount": str(amount)})
    return consumption


def record_return(*, line_id: UUID, amount: Money) -> None:
    """Part of a line, or all of it, was refunded: so much less can be invoiced. Not repeatable.

    Never refused because it was invoiced already: the customer's money does not wait for paper. What
    is invoiced beyond what was kept stands before finance as 待红冲. A line that was never told of
    (sold before invoicing was there) has nothing to give back. Locks the consumption.
    """
    with transaction.atomic(), refusals():
        consumption = Consumption.objects.select_for_update().filter(line_id=line_id).first()
        if consumption is None:
            return
        consumption.returned_minor += amount.minor
        consumption.save(update_fields=["returned_minor"])
        record(
            "invoice.returned",
            obj=consumption,
            after={"amount": str(amount), "to_reverse": str(consumption.excess)},
        )
