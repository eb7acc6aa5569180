from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet, Sum

from billing.balances import queries as balances
from billing.balances.enums import LotKind, UseWay
from billing.balances.models import LotUse
from shared_apps.kernel.money import Money

from .enums import ChargeState
from .errors import BillNotFound
from .models import Bill, Charge, CreditLine, UsageRecord


def credit_of(*, customer_id: UUID) -> CreditLine | None:
    return CreditLine.objects.filter(customer_id=customer_id).first()


def credits(*, customer_ids: Collection[UUID]) -> dict[UUID, CreditLine]:
    """The credit of customers who have one, by customer. One query."""
    found = CreditLine.objects.filter(customer_id__in=customer_ids)
    return {line.customer_id: line for line in found}


def room(*, customer_id: UUID) -> Money:
    """What a customer can still use: the balance, and what is left of the credit."""
    line = credit_of(customer_id=customer_id)
    left = line.limit_minor - line.used_minor if line else 0
    return Money(balances.balance_of(customer_id=customer_id).available.minor + left)


def bills(
    *, customer_ids: Collection[UUID] | None = None, states: Collection[str] = ()
) -> QuerySet[Bill]:
    found = Bill.objects.order_by("-month", "-id")
    if customer_ids is not None:
        found = found.filter(customer_id__in=customer_ids)
    return found.filter(state__in=states) if states else found


def bill(*, public_id: UUID, customer_id: UUID | None = None) -> Bill:
    found = Bill.objects.filter(public_id=public_id)
    if customer_id is not None:
        found = found.filter(customer_id=customer_id)
    one = found.first()
    if one is None:
        raise BillNotFound
    return one


def charges_of(*, bill: Bill) -> QuerySet[Charge]:
    return bill.charges.select_related("usage").order_by("usage__starts_at", "id")


def paid_of(*, bill: Bill) -> Money:
    """What of a bill the customer's own money bears: given money is not on invoices. One query."""
    row = LotUse.objects.filter(
        hold__subject_id__in=bill.charges.values("public_id"),
        way=UseWay.CAPTURE,
        lot__kind=LotKind.PAID,
    ).aggregate(n=Sum("amount_minor"))
    return Money(bill.credit_minor + (row["n"] or 0), bill.currency)


def usage(
    *,
    resource_id: UUID | None = None,
    customer_ids: Collection[UUID] | None = None,
    text: str = "",
    state: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
) -> QuerySet[UsageRecord]:
    """What was used, newest first, with its charge; `text` is part of a meter's id or a machine's name."""
    found = UsageRecord.objects.select_related("charge").order_by("-starts_at", "-id")
    if resource_id is not None:
        found = found.filter(resource_id=resource_id)
    if customer_ids is not None:
        found = found.filter(customer_id__in=customer_ids)
    if text:
        found = found.filter(record_id__icontains=text) | found.filter(name__icontains=text)
    if state:
        found = found.filter(state=state)
    if since is not None:
        found = found.filter(starts_at__gte=since)
    if until is not None:
        found = found.filter(starts_at__lt=until)
    return found


def cost_of(*, resource_id: UUID) -> Money:
    """What a machine's use has cost so far, booked or waiting."""
    row = Charge.objects.filter(usage__resource_id=resource_id).aggregate(n=Sum("amount_minor"))
    return Money(row["n"] or 0)


def waiting_of(*, customer_id: UUID) -> Money:
    row = Charge.objects.filter(customer_id=customer_id, state=ChargeState.WAITING).aggregate(
        n=Sum("amount_minor")
    )
    return Money(row["n"] or 0)
