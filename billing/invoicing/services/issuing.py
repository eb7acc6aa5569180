"""Finance answers a request: the invoice with its number and file, or why not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from billing.invoicing.enums import InvoiceColor, InvoiceState
from billing.invoicing.errors import (
    DateWrong,
    InvoiceNotFound,
    NumberWrong,
    ReasonNeeded,
    refusals,
)
from billing.invoicing.locking import held_blue, move
from billing.invoicing.models import Invoice
from billing.ledger.days import day_of
from shared_apps.audit.services import record
from shared_apps.files.services import keep
from shared_apps.identity.models import User
from shared_apps.outbox.services import publish

# A digital invoice has twenty digits and no code; a paper one eight, and a code of ten or twelve.
_NUMBER = re.compile(r":[0-9]{20}|(?:[0-9]{10}|[0-9]{12}):[0-9]{8}")


@dataclass(frozen=True, slots=True)
class Papers:
    """What the tax system gave for an invoice, red or blue."""

    tax_code: str
    tax_invoice_number: str
    issued_on: date
    upload: UploadedFile

    def check(self, *, at: datetime, not_before: date | None = None) -> None:
        if not _NUMBER.fullmatch(f"{self.tax_code}:{self.tax_invoice_number}"):
            raise NumberWrong(field="tax_invoice_number")
        if self.issued_on > day_of(at) or (not_before and self.issued_on < not_before):
            raise DateWrong(field="issued_on")


def issue(*, invoice: Invoice, papers: Papers, by: User, at: datetime) -> Invoice:
    """The blue invoice is there. Refused if part of it was refunded since it was asked for.

    Locks the consumptions and the invoice.
    """
    papers.check(at=at)
    with transaction.atomic(), refusals():
        held = _blue(invoice)
        move(held, InvoiceState.ISSUED)
        held.tax_code = papers.tax_code
        held.tax_invoice_number = papers.tax_invoice_number
        held.issued_on = papers.issued_on
        held.file = keep(upload=papers.upload, purpose="invoice", by=by, at=at)
        held.decided_at = at
        held.save()
        record(
            "invoice.issue",
            obj=held,
            before={"state": InvoiceState.REQUESTED.value},
            after={
                "state": held.state,
                "tax_invoice_number": held.tax_invoice_number,
                "amount": str(held.amount),
            },
        )
        publish("invoice.decided", {"invoice": str(held.public_id)})
    return held


def reject(*, invoice: Invoice, reason: str, at: datetime) -> Invoice:
    """Not so: the customer reads why, and the amounts are free again. Locks both."""
    if not reason.strip():
        raise ReasonNeeded(field="reason")
    with transaction.atomic(), refusals():
        held = _blue(invoice)
        move(held, InvoiceState.REJECTED)
        held.reason = reason.strip()[:300]
        held.decided_at = at
        held.save(update_fields=["state", "reason", "decided_at"])
        record(
            "invoice.reject",
            obj=held,
            before={"state": InvoiceState.REQUESTED.value},
            after={"state": held.state},
            note=held.reason,
        )
        publish("invoice.decided", {"invoice": str(held.public_id)})
    return held


def _blue(invoice: Invoice) -> Invoice:
    if invoice.color != InvoiceColor.BLUE:
        raise InvoiceNotFound
    return held_blue(invoice)
