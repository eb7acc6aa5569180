from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from shared_apps.identity.models import User
from tenant_apps.customers import queries as customers
from tenant_apps.fulfilment import queries as fulfilment
from tenant_apps.orders import queries as orders

EACH = 5
SHORTEST = 2


@dataclass(frozen=True, slots=True)
class Hit:
    kind: str
    text: str
    note: str
    url: str


def jump(
    *, user: User, text: str, to_orders: bool, to_customers: bool, to_resources: bool
) -> list[Hit]:
    """The first few orders, customers and resources that a text finds, among those this person may see."""
    if len(text) < SHORTEST:
        return []
    hits: list[Hit] = []
    if to_orders:
        hits += [
            Hit(
                _("订单"),
                order.number,
                str(order.customer),
                reverse("office:order", args=[order.public_id]),
            )
            for order in orders.find(user=user, text=text)[:EACH]
        ]
    if to_customers:
        hits += [
            Hit(
                _("客户"),
                str(customer),
                customer.company or customer.number,
                reverse("office:customer", args=[customer.public_id]),
            )
            for customer in customers.find(by=user, text=text)[:EACH]
        ]
    if to_resources:
        hits += [
            Hit(
                _("资源"),
                resource.number,
                resource.name,
                reverse("office:resource", args=[resource.public_id]),
            )
            for resource in fulfilment.find(user=user, text=text)[:EACH]
        ]
    return hits
