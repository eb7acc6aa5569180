"""The customer asks for an invoice over chosen consumption, and may think better of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from billing.invoicing.enums import (
    InvoiceColor,
    InvoiceKind,
    InvoiceState,
    TitleKind,
)
from billing.invoicing.errors import (
    CompanyOnly,
    InvoiceNotFound,
    NothingToInvoice,
    NowhereToSend,
    TitleNotFound,
    TooManyLines,
    refusals,
)
from billing.invoicing.locking import held_blue, move
from billing.invoicing.models import HEADING, Consumption, Invoice, InvoiceLine, Title
from billing.invoicing.tax import net_of
from shared_apps.audit.services import record
from shared_apps.kernel import ids

MOST_LINES = 500


def ask(
    *,
    customer_id: UUID,
    title_id: UUID,
    kind: str,
    consumptions: Sequence[UUID],
    email: str,
    mobile: str = "",
    remark: str = "",
    request_key: UUID,
    at: datetime,
) -> Invoice:
    """Asks for an invoice over all that is not yet invoiced of these consumptions.

    Claims the amounts at once, so that no second request can. Locks the consumptions, in the order of
    their ids. Safe to repeat with the same key.
    """
    with transaction.atomic(), refusals():
        title = Title.objects.filter(customer_id=customer_id, public_id=title_id).first()
        if title is None:
            raise TitleNotFound
        if kind == InvoiceKind.SPECIAL and title.title_kind != TitleKind.COMPANY:
            raise CompanyOnly(field="kind")
        if not email:
            raise NowhereToSend(field="email")
        chosen = list(
            Consumption.objects.select_for_update()
            .filter(customer_id=customer_id, public_id__in=consumptions)
            .order_by("id")[: MOST_LINES + 1]
        )
        known = Invoice.objects.filter(customer_id=customer_id, request_key=request_key).first()
        if known is not None:
            return known
        if len(chosen) > MOST_LINES:
            raise TooManyLines(most=MOST_LINES)
        if len(chosen) < len(set(consumptions)):
            raise NothingToInvoice(field="consumptions")
        open_ones = [one for one in chosen if one.open_minor]
        if not open_ones:
            raise NothingToInvoice(field="consumptions")
        lines = [_line(one) for one in open_ones]
        invoice = Invoice.objects.create(
            number=ids.number("F", at),
            request_key=request_key,
            customer_id=customer_id,
            kind=InvoiceKind(kind),
            color=InvoiceColor.BLUE,
            state=InvoiceState.REQUESTED,
            amount_minor=sum(line.amount_minor for line in lines),
            net_minor=sum(line.net_minor for line in lines),
            tax_minor=sum(line.tax_minor for line in lines),
            currency=open_ones[0].currency,
            email=email,
            mobile=mobile[:30],
            remark=remark[:200],
            asked_at=at,
            **{field: getattr(title, field) for field in HEADING},
        )
        for line in lines:
            line.invoice = invoice
        InvoiceLine.objects.bulk_create(lines)
        record(
            "invoice.ask",
            obj=invoice,
            after={
                "number": invoice.number,
                "kind": kind,
                "amount": str(invoice.amount),
                "lines": len(lines),
            },
        )
    return invoice


def _line(consumption: Consumption) -> InvoiceLine:
    amount = consumption.open_minor
    net = net_of(amount, consumption.tax_rate)
    return InvoiceLine(
        consumption=consumption,
        name=consumption.name,
        tax_item=consumption.tax_item,
        tax_rate=consumption.tax_rate,
        amount_minor=amount,
        net_minor=net,
        tax_minor=amount - net,
        currency=consumption.currency,
    )


def withdraw(*, customer_id: UUID, public_id: UUID, at: datetime) -> Invoice:
    """The customer takes a request back; its amounts are free again. Locks what it claimed, and it."""
    with transaction.atomic(), refusals():
        invoice = Invoice.objects.filter(
            customer_id=customer_id, public_id=public_id, color=InvoiceColor.BLUE
        ).first()
        if invoice is None:
            raise InvoiceNotFound
        held = held_blue(invoice)
        move(held, InvoiceState.WITHDRAWN)
        held.decided_at = at
        held.save(update_fields=["state", "decided_at"])
        record(
            "invoice.withdraw",
            obj=held,
            before={"state": InvoiceState.REQUESTED.value},
            after={"state": held.state},
        )
    return held
