"""What can be invoiced, what was, and what must be reversed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import F, Q, QuerySet, Sum

from shared_apps.kernel.money import Money

from .enums import InvoiceColor, InvoiceState
from .errors import InvoiceNotFound, TitleNotFound
from .models import Consumption, Invoice, InvoiceLine, Title


def titles_of(*, customer_id: UUID) -> QuerySet[Title]:
    return Title.objects.filter(customer_id=customer_id)


def title_of(*, customer_id: UUID, public_id: UUID) -> Title:
    found = titles_of(customer_id=customer_id).filter(public_id=public_id).first()
    if found is None:
        raise TitleNotFound
    return found


def open_consumption(
    *, customer_id: UUID, since: datetime | None = None, until: datetime | None = None
) -> QuerySet[Consumption]:
    """Consumed in [since, until), and not yet invoiced or only in part; newest first."""
    found = Consumption.objects.filter(
        customer_id=customer_id,
        invoiced_minor__lt=F("consumed_minor") - F("returned_minor"),
    )
    if since is not None:
        found = found.filter(consumed_at__gte=since)
    if until is not None:
        found = found.filter(consumed_at__lt=until)
    return found


@dataclass(frozen=True, slots=True)
class Invoiced:
    """A customer's consumption, net of what was given back: how much of it is on paper."""

    consumed: Money
    invoiced: Money
    open: Money


def standing_of(*, customer_id: UUID) -> Invoiced:
    """`open` counts line by line: what one line has too much invoiced does not lessen another's."""
    kept = F("consumed_minor") - F("returned_minor")
    mine = Consumption.objects.filter(customer_id=customer_id)
    row = mine.aggregate(
        consumed=Sum(kept, default=0),
        invoiced=Sum("invoiced_minor", default=0),
        open=Sum(kept - F("invoiced_minor"), filter=Q(invoiced_minor__lt=kept), default=0),
    )
    return Invoiced(**{name: Money(minor) for name, minor in row.items()})


def invoices_of(*, customer_id: UUID) -> QuerySet[Invoice]:
    return Invoice.objects.filter(customer_id=customer_id).select_related("reverses", "file")


def invoice_of(*, customer_id: UUID, public_id: UUID) -> Invoice:
    found = invoices_of(customer_id=customer_id).filter(public_id=public_id).first()
    if found is None:
        raise InvoiceNotFound
    return found


def invoice(*, public_id: UUID) -> Invoice:
    found = Invoice.objects.select_related("reverses", "file").filter(public_id=public_id).first()
    if found is None:
        raise InvoiceNotFound
    return found


def invoices(
    *,
    text: str = "",
    state: str = "",
    kind: str = "",
    color: str = "",
    customer_ids: Collection[UUID] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> QuerySet[Invoice]:
    """Asked for in [since, until), newest first; `text` is a number or part of the title or tax number."""
    found = Invoice.objects.select_related("reverses").order_by("-id")
    if text:
        found = found.filter(
            Q(number__icontains=text)
            | Q(tax_invoice_number__icontains=text)
            | Q(name__icontains=text)
            | Q(tax_number__iexact=text)
        )
    if state:
        found = found.filter(state=state)
    if kind:
        found = found.filter(kind=kind)
    if color:
        found = found.filter(color=color)
    if customer_ids is not None:
        found = found.filter(customer_id__in=customer_ids)
    if since is not None:
        found = found.filter(asked_at__gte=since)
    if until is not None:
        found = found.filter(asked_at__lt=until)
    return found


def to_reverse() -> QuerySet[Consumption]:
    """待红冲: given back after it was invoiced, and no red invoice yet; oldest first."""
    return (
        Consumption.objects.filter(invoiced_minor__gt=F("consumed_minor") - F("returned_minor"))
        .filter(lines__invoice__state=InvoiceState.ISSUED, lines__invoice__color=InvoiceColor.BLUE)
        .distinct()
        .order_by("id")
    )


def blue_of(consumptions: Collection[Consumption]) -> dict[int, Invoice]:
    """The newest blue invoice in force of each consumption, by its key. One query."""
    lines = (
        InvoiceLine.objects.filter(
            consumption__in=consumptions,
            invoice__state=InvoiceState.ISSUED,
            invoice__color=InvoiceColor.BLUE,
        )
        .select_related("invoice")
        .order_by("id")
    )
    return {line.consumption_id: line.invoice for line in lines}


@dataclass(frozen=True, slots=True)
class BlueLine:
    """A line of a blue invoice: what is left of it, and what of that should be reversed."""

    line: InvoiceLine
    left: Money
    excess: Money


def blue_lines(invoice: Invoice) -> list[BlueLine]:
    lines = invoice.lines.select_related("consumption").annotate(
        red=Sum("reversals__amount_minor", default=0)
    )
    found = []
    for line in lines:
        left = line.amount_minor + line.red
        excess = min(line.consumption.excess_minor, left)
        found.append(BlueLine(line, Money(left, line.currency), Money(excess, line.currency)))
    return found
