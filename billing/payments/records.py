"""What came in, what goes back, and what was not believed: the reads of those who mind the money."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Min, Q, QuerySet, Sum

from shared_apps.kernel.money import Money

from .enums import EventState, RefundState
from .errors import IntentNotFound, NoticeNotFound, RefundNotFound
from .models import PaymentIntent, ProviderEvent, Refund


def intents(
    *,
    text: str = "",
    state: str = "",
    customer_id: UUID | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> QuerySet[PaymentIntent]:
    """Payments asked for in [since, until), newest first; `text` is our number or the provider's."""
    found = PaymentIntent.objects.select_related("account", "payment").order_by("-id")
    if text:
        found = found.filter(
            Q(number__icontains=text) | Q(payment__provider_trade_no__icontains=text)
        )
    if state:
        found = found.filter(state=state)
    if customer_id is not None:
        found = found.filter(customer_id=customer_id)
    if since is not None:
        found = found.filter(created_at__gte=since)
    if until is not None:
        found = found.filter(created_at__lt=until)
    return found


def intent(*, number: str) -> PaymentIntent:
    found = PaymentIntent.objects.select_related("account", "payment").filter(number=number).first()
    if found is None:
        raise IntentNotFound(number=number)
    return found


def intents_with_refunds(*, order_id: UUID) -> list[PaymentIntent]:
    """An order's payments with what went back of them. Two queries."""
    found = PaymentIntent.objects.select_related("account", "payment").filter(order_id=order_id)
    return list(found.prefetch_related("payment__refunds").order_by("id"))


def refunds(*, text: str = "", state: str = "") -> QuerySet[Refund]:
    found = Refund.objects.select_related("payment__intent").order_by("-id")
    if text:
        found = found.filter(Q(number__icontains=text) | Q(payment__intent__number__icontains=text))
    if state:
        found = found.filter(state=state)
    return found


def refund(*, number: str) -> Refund:
    found = Refund.objects.select_related("payment__intent").filter(number=number).first()
    if found is None:
        raise RefundNotFound(number=number)
    return found


def refunds_of(*, customer_id: UUID) -> QuerySet[Refund]:
    """What goes or went back to one customer, newest first."""
    return refunds().filter(payment__customer_id=customer_id)


@dataclass(frozen=True, slots=True)
class InFlight:
    count: int
    amount: Money
    oldest_at: datetime | None


def refunds_in_flight() -> InFlight:
    """What is on its way back to customers. One query."""
    row = Refund.objects.filter(state=RefundState.REQUESTED).aggregate(
        count=Count("id"), amount=Sum("amount_minor"), oldest_at=Min("created_at")
    )
    return InFlight(row["count"], Money(row["amount"] or 0), row["oldest_at"])


def failed_refunds(*, since: datetime) -> int:
    return Refund.objects.filter(state=RefundState.FAILED, finished_at__gte=since).count()


def events(
    *,
    text: str = "",
    state: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
) -> QuerySet[ProviderEvent]:
    """Providers' notifications as they arrived in [since, until), newest first, refused ones too."""
    found = ProviderEvent.objects.defer("body").order_by("-id")
    if text:
        found = found.filter(
            Q(number__icontains=text)
            | Q(event_id=text)
            | Q(app_id=text)
            | Q(reason__icontains=text)
        )
    if state:
        found = found.filter(state=state)
    if since is not None:
        found = found.filter(received_at__gte=since)
    if until is not None:
        found = found.filter(received_at__lt=until)
    return found


def event(*, public_id: UUID) -> ProviderEvent:
    found = ProviderEvent.objects.filter(public_id=public_id).first()
    if found is None:
        raise NoticeNotFound
    return found


def refused_events(*, since: datetime) -> int:
    return ProviderEvent.objects.filter(state=EventState.REFUSED, received_at__gte=since).count()
