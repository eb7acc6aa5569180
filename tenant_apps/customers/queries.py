"""Who the customers are, and which of them somebody may know of."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from billing.ledger.enums import PartyKind
from billing.ledger.parties import Party
from shared_apps.identity import phones
from shared_apps.identity.enums import Kind, Role
from shared_apps.identity.models import User

from .errors import UnknownCustomer
from .models import Customer, Notice

SEES_ALL = (Role.MANAGER, Role.FINANCE, Role.SUPPORT)


def visible_to(user: Any) -> QuerySet[Customer]:
    """The customers that a person may know of; every list, export, count and API goes through this.

    Administrators, managers, finance and support see all; sales those they own; a customer
    themself; anybody else nobody.
    """
    if not isinstance(user, User) or not user.is_active:
        return Customer.objects.none()
    if user.kind == Kind.CUSTOMER:
        return Customer.objects.filter(user=user)
    if user.has_role(*SEES_ALL):
        return Customer.objects.all()
    if user.has_role(Role.SALES):
        return Customer.objects.filter(owner=user)
    return Customer.objects.none()


def customer_of(user: Any) -> Customer:
    """The customer that a person is. Raises UnknownCustomer for staff and visitors."""
    found = find_customer_of(user)
    if found is None:
        raise UnknownCustomer
    return found


def find_customer_of(user: Any) -> Customer | None:
    if not isinstance(user, User) or user.kind != Kind.CUSTOMER:
        return None
    return Customer.objects.select_related("user").filter(user=user).first()


def customer(public_id: UUID, *, by: Any) -> Customer:
    """One customer, if the asking person may know of them. Raises UnknownCustomer otherwise."""
    found = visible_to(by).select_related("user", "owner").filter(public_id=public_id).first()
    if found is None:
        raise UnknownCustomer
    return found


def find(*, by: Any, text: str = "", owner_id: UUID | None = None) -> QuerySet[Customer]:
    """Customers whom a person may know of, newest first; `text` is part of a number, name, unit or telephone."""
    found = visible_to(by).select_related("user", "owner").order_by("-id")
    if text:
        found = found.filter(
            Q(number__icontains=text)
            | Q(company__icontains=text)
            | Q(user__name__icontains=text)
            | Q(**phones.asked("user__phone", text))
            | Q(user__email__iexact=text)
        )
    if owner_id is not None:
        found = found.filter(owner__public_id=owner_id)
    return found


def names(*, public_ids: Collection[UUID]) -> dict[UUID, str]:
    """What money's customers are called: for pages of the books, which name them by id."""
    found = Customer.objects.select_related("user").filter(public_id__in=public_ids)
    return {customer.public_id: str(customer) for customer in found}


def party_of(customer: Customer) -> Party:
    """The customer as the books know them."""
    return Party(PartyKind.CUSTOMER, str(customer.public_id), str(customer))


def notices_of(customer: Customer) -> QuerySet[Notice]:
    return Notice.objects.filter(customer=customer)


def unread(customer: Customer) -> int:
    return Notice.objects.filter(customer=customer, read_at=None).count()
