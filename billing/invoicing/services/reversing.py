"""红冲: a red invoice is the negated copy of a blue one, whole or of a part, line by line."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Sum

from billing.invoicing.enums import InvoiceColor, InvoiceState
from billing.invoicing.errors import (
    InvoiceNotFound,
    MoreThanBlue,
    NotThisState,
    ReasonNeeded,
    refusals,
)
from billing.invoicing.locking import held_blue, move
from billing.invoicing.models import HEADING, Invoice, InvoiceLine
from billing.invoicing.tax import net_of
from shared_apps.audit.services import record
from shared_apps.files.services import keep
from shared_apps.identity.models import User
from shared_apps.kernel import ids
from shared_apps.kernel.money import Money
from shared_apps.outbox.services import publish

from .issuing import Papers


def reverse(
    *,
    invoice: Invoice,
    parts: Mapping[UUID, Money] | None,
    papers: Papers,
    reason: str,
    request_key: UUID,
    by: User,
    at: datetime,
) -> Invoice:
    """Issues a red invoice over these amounts of the blue one's lines; None: all that is left of it.

    What is reversed can be invoiced again as far as it was not given back. The reds of a line add up
    to its own net and tax, whatever the rounding. Locks the consumptions and the blue invoice. Safe to
    repeat with the same key.
    """
    if not reason.strip():
        raise ReasonNeeded(field="reason")
    papers.check(at=at, not_before=invoice.issued_on)
    with transaction.atomic(), refusals():
        if invoice.color != InvoiceColor.BLUE:
            raise InvoiceNotFound
        blue = held_blue(invoice)
        known = Invoice.objects.filter(reverses=blue, request_key=request_key).first()
        if known is not None:
            return known
        if blue.state != InvoiceState.ISSUED:
            raise NotThisState(state=blue.get_state_display())
        lines = _red_lines(blue, parts)
        red = Invoice.objects.create(
            number=ids.number("H", at),
            request_key=request_key,
            customer_id=blue.customer_id,
            kind=blue.kind,
            color=InvoiceColor.RED,
            state=InvoiceState.ISSUED,
            reverses=blue,
            amount_minor=sum(line.amount_minor for line in lines),
            net_minor=sum(line.net_minor for line in lines),
            tax_minor=sum(line.tax_minor for line in lines),
            currency=blue.currency,
            email=blue.email,
            mobile=blue.mobile,
            reason=reason.strip()[:300],
            tax_code=papers.tax_code,
            tax_invoice_number=papers.tax_invoice_number,
            issued_on=papers.issued_on,
            file=keep(upload=papers.upload, purpose="invoice", by=by, at=at),
            asked_at=at,
            decided_at=at,
            **{field: getattr(blue, field) for field in HEADING},
        )
        for line in lines:
            line.invoice = red
        InvoiceLine.objects.bulk_create(lines)
        before = {"state": blue.state, "reversed": str(blue.reversed)}
        blue.reversed_minor -= red.amount_minor
        if blue.reversed_minor == blue.amount_minor:
            move(blue, InvoiceState.REVERSED)
        blue.save(update_fields=["state", "reversed_minor"])
        record(
            "invoice.reverse",
            obj=blue,
            before=before,
            after={"state": blue.state, "reversed": str(blue.reversed), "red": red.number},
            note=red.reason,
        )
        publish("invoice.decided", {"invoice": str(red.public_id)})
    return red


def _red_lines(blue: Invoice, parts: Mapping[UUID, Money] | None) -> list[InvoiceLine]:
    """Negated copies; the one that takes the rest of a line takes the rest of its net and tax too."""
    lines = blue.lines.annotate(
        red_amount=Sum("reversals__amount_minor", default=0),
        red_net=Sum("reversals__net_minor", default=0),
    )
    found = []
    for line in lines:
        left, left_net = line.amount_minor + line.red_amount, line.net_minor + line.red_net
        amount = left if parts is None else parts.get(line.public_id, Money.zero()).minor
        if amount < 0 or amount > left:
            raise MoreThanBlue
        if not amount:
            continue
        net = left_net if amount == left else min(net_of(amount, line.tax_rate), left_net)
        net = max(net, amount - (left - left_net))  # no more tax than the line has left
        found.append(
            InvoiceLine(
                consumption_id=line.consumption_id,
                reverses=line,
                name=line.name,
                tax_item=line.tax_item,
                tax_rate=line.tax_rate,
                amount_minor=-amount,
                net_minor=-net,
                tax_minor=net - amount,
                currency=line.currency,
            )
        )
    if not found or (parts is not None and set(parts) - {line.public_id for line in lines}):
        raise MoreThanBlue
    return found
