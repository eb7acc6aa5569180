from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from shared_apps.identity.models import User
from shared_apps.kernel.money import Money, total
from tenant_apps.customers import queries as customers
from tenant_apps.customers.models import Customer

from .errors import NoLongerSold, OrderNotFound
from .models import CartItem, Order
from .pricing import Choice, PricedChoice, price


def visible_to(user: User) -> QuerySet[Order]:
    """Orders of the customers whom this person may see."""
    return Order.objects.filter(customer__in=customers.visible_to(user)).select_related("customer__user")


def order(user: User, public_id: UUID) -> Order:
    """One order with its lines; what one may not see does not exist."""
    found = visible_to(user).prefetch_related("lines__supplier").filter(public_id=public_id).first()
    if found is None:
        raise OrderNotFound
    return found


@dataclass(frozen=True, slots=True)
class CartLine:
    """An item with its price of now; `priced` is None when it can't be bought any more."""

    item: CartItem
    priced: PricedChoice | None


@dataclass(frozen=True, slots=True)
class Cart:
    lines: list[CartLine]
    total: Money

    @property
    def choices(self) -> list[Choice]:
        return [line.priced.choice for line in self.lines if line.priced]


def cart(customer: Customer, *, at: datetime) -> Cart:
    items = list(CartItem.objects.filter(customer=customer).select_related("plan__offering__gpu_model"))
    choices = [Choice(item.plan.public_id, item.quantity, item.hours) for item in items]
    try:
        priced: list[PricedChoice | None] = list(price(choices, at=at)) if choices else []
    except NoLongerSold:
        priced = [_price_or_none(choice, at) for choice in choices]
    lines = [CartLine(item, p) for item, p in zip(items, priced, strict=True)]
    return Cart(lines, total(line.priced.amount for line in lines if line.priced))


def _price_or_none(choice: Choice, at: datetime) -> PricedChoice | None:
    try:
        return price([choice], at=at)[0]
    except NoLongerSold:
        return None
