"""What was tried to be paid."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q, QuerySet

from .models import PaymentIntent


def intents_of_order(*, order_id: UUID) -> QuerySet[PaymentIntent]:
    """Every try to pay an order at a provider, newest first, with the payment that came of it."""
    return PaymentIntent.objects.filter(order_id=order_id).select_related("payment").order_by("-id")


def recharge_of(
    *, customer_id: UUID, public_id: UUID | None = None, number: str = ""
) -> PaymentIntent | None:
    """One recharge of a customer, by its id or by the number that the provider knows it by."""
    wanted = Q(public_id=public_id) if public_id else Q(number=number)
    return (
        PaymentIntent.objects.filter(wanted, customer_id=customer_id, order_id=None)
        .select_related("payment")
        .first()
    )
