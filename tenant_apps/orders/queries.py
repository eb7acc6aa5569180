from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, F, Min, Q, QuerySet, Sum

from shared_apps.identity import phones
from shared_apps.identity.models import User
from shared_apps.kernel.money import Money, total
from tenant_apps.customers import queries as customers
from tenant_apps.customers.models import Customer

from .enums import LineState, OrderState
from .errors import CartItemNotFound, OrderNotFound
from .models import CartItem, Order, OrderLine
from .pricing import Choice, PricedChoice, price_each


def visible_to(user: User) -> QuerySet[Order]:
    """Orders of the customers whom this person may see."""
    return Order.objects.filter(customer__in=customers.visible_to(user)).select_related(
        "customer__user"
    )


def order(user: User, public_id: UUID) -> Order:
    """One order with its lines; what one may not see does not exist."""
    found = (
        visible_to(user)
        .prefetch_related("lines__supplier", "lines__plan")
        .filter(public_id=public_id)
        .first()
    )
    if found is None:
        raise OrderNotFound
    return found


def find(
    *,
    user: User,
    text: str = "",
    state: str = "",
    customer_id: UUID | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> QuerySet[Order]:
    """Orders placed in [since, until), newest first; `text` is a number, or a customer's number or name."""
    found = visible_to(user).order_by("-id")
    if text:
        found = found.filter(
            Q(number__icontains=text)
            | Q(customer__number__iexact=text)
            | Q(customer__company__icontains=text)
            | Q(customer__user__name__icontains=text)
            | Q(**phones.asked("customer__user__phone", text))
        )
    if state:
        found = found.filter(state=state)
    if customer_id is not None:
        found = found.filter(customer__public_id=customer_id)
    if since is not None:
        found = found.filter(placed_at__gte=since)
    if until is not None:
        found = found.filter(placed_at__lt=until)
    return found


def line(user: User, public_id: UUID) -> OrderLine:
    """One line of an order that this person may see."""
    found = (
        OrderLine.objects.filter(order__in=visible_to(user), public_id=public_id)
        .select_related("order__customer__user", "supplier")
        .first()
    )
    if found is None:
        raise OrderNotFound
    return found


def orders_of_lines(*, line_ids: Collection[UUID]) -> dict[UUID, Order]:
    """The orders to which lines belong, by line: for the way back from money to what it was for."""
    lines = OrderLine.objects.filter(public_id__in=line_ids).select_related("order")
    return {line.public_id: line.order for line in lines}


@dataclass(frozen=True, slots=True)
class Attention:
    """Orders that somebody should look at: not opened in time, or failed lately."""

    slow: int
    slowest_at: datetime | None
    failed: int


def attention(*, user: User, slow_before: datetime, failed_since: datetime) -> Attention:
    seen = visible_to(user)
    row = seen.aggregate(
        slow=Count("id", filter=Q(state=OrderState.PAID, paid_at__lt=slow_before)),
        slowest_at=Min("paid_at", filter=Q(state=OrderState.PAID, paid_at__lt=slow_before)),
        failed=Count(
            "id",
            filter=Q(
                state__in=(OrderState.FAILED, OrderState.PARTLY_COMPLETED),
                finished_at__gte=failed_since,
            ),
        ),
    )
    return Attention(**row)


@dataclass(frozen=True, slots=True)
class Sold:
    orders: int
    amount: Money


def sold(*, user: User, since: datetime, until: datetime) -> Sold:
    """Lines that were paid in [since, until) and neither failed nor were given back, less what went back. One query."""
    lines = OrderLine.objects.filter(
        order__in=visible_to(user),
        order__paid_at__gte=since,
        order__paid_at__lt=until,
        state__in=(LineState.OPENING, LineState.OPEN),
    )
    kept = Sum(F("amount_minor") - F("refunded_minor"))
    row = lines.aggregate(orders=Count("order", distinct=True), amount=kept)
    return Sold(row["orders"], Money(row["amount"] or 0))


@dataclass(frozen=True, slots=True)
class CartLine:
    """An item with its price of now; `priced` is None when it can't be bought any more."""

    item: CartItem
    priced: PricedChoice | None

    @property
    def available(self) -> bool:
        return self.priced is not None

    @property
    def name(self) -> str:
        if self.priced:
            return self.priced.name
        offering = self.item.plan.offering
        return str(offering.gpu_model or offering.name)


@dataclass(frozen=True, slots=True)
class Cart:
    lines: list[CartLine]
    total: Money

    @property
    def choices(self) -> list[Choice]:
        return [line.priced.choice for line in self.lines if line.priced]


def cart_size(user: User) -> int:
    return CartItem.objects.filter(customer__user=user).count()


def cart(customer: Customer, *, at: datetime) -> Cart:
    """The cart at the prices of now. Three queries, however much is in it."""
    items = list(
        CartItem.objects.filter(customer=customer).select_related("plan__offering__gpu_model")
    )
    choices = [Choice(item.plan.public_id, item.quantity, item.hours) for item in items]
    priced = price_each(choices, at=at) if choices else []
    lines = [CartLine(item, found) for item, found in zip(items, priced, strict=True)]
    return Cart(lines, total(line.priced.amount for line in lines if line.priced))


def cart_item(customer: Customer, public_id: UUID) -> CartItem:
    found = CartItem.objects.filter(customer=customer, public_id=public_id).first()
    if found is None:
        raise CartItemNotFound
    return found
