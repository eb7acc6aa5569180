"""In which order a blue invoice and what it claims are locked, and which way it may go."""

from __future__ import annotations

from .enums import INVOICE_TRANSITIONS, InvoiceState
from .errors import NotThisState
from .models import Consumption, Invoice


def held_blue(invoice: Invoice) -> Invoice:
    """A blue invoice, locked after all that it claims: everybody takes them in this order."""
    list(
        Consumption.objects.select_for_update(of=("self",))
        .filter(lines__invoice=invoice)
        .order_by("id")
        .values_list("id", flat=True)
    )
    return Invoice.objects.select_for_update().get(pk=invoice.pk)


def move(invoice: Invoice, state: InvoiceState) -> None:
    if state not in INVOICE_TRANSITIONS[InvoiceState(invoice.state)]:
        raise NotThisState(state=invoice.get_state_display())
    invoice.state = state
