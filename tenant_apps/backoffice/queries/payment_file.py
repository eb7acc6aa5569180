from __future__ import annotations

from dataclasses import dataclass

from billing.ledger.models import Entry
from billing.ledger.queries import entries
from billing.payments import records as payments
from billing.payments.models import Payment, PaymentIntent, ProviderEvent, Refund
from shared_apps.audit import queries as audit
from shared_apps.audit.models import Record
from tenant_apps.customers import queries as customers
from tenant_apps.orders.models import Order

MOST_NOTICES = 50


@dataclass(frozen=True, slots=True)
class PaymentFile:
    intent: PaymentIntent
    payment: Payment | None
    customer: str
    order: Order | None
    refunds: list[Refund]
    notices: list[ProviderEvent]
    entry: Entry | None
    records: list[Record]


def payment_file(*, number: str) -> PaymentFile:
    """A payment, what it was for, what went back of it, every notice about it, and its entry."""
    intent = payments.intent(number=number)
    payment = getattr(intent, "payment", None)
    refunds = list(payment.refunds.order_by("id")) if payment else []
    return PaymentFile(
        intent=intent,
        payment=payment,
        customer=customers.names(public_ids=[intent.customer_id]).get(intent.customer_id, ""),
        order=Order.objects.filter(public_id=intent.order_id).first() if intent.order_id else None,
        refunds=refunds,
        notices=list(payments.events(text=number)[:MOST_NOTICES]),
        entry=entries(source=f"payment:{number}").first(),
        records=list(audit.histories([intent, *refunds])),
    )
