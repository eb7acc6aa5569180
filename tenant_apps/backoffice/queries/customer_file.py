from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from billing.balances.queries import CustomerBalance, account_code, balance_of
from shared_apps.audit import queries as audit
from shared_apps.audit.models import Record
from shared_apps.identity.models import User
from tenant_apps.customers import queries as customers
from tenant_apps.customers.models import Customer
from tenant_apps.fulfilment import queries as fulfilment
from tenant_apps.fulfilment.models import Resource
from tenant_apps.orders import queries as orders
from tenant_apps.orders.models import Order

RECENT = 20


@dataclass(frozen=True, slots=True)
class CustomerFile:
    customer: Customer
    balance: CustomerBalance
    account_code: str  # of the balance in the books; empty before its first entry
    orders: list[Order]
    resources: list[Resource]
    records: list[Record]


def customer_file(*, user: User, public_id: UUID) -> CustomerFile:
    """A customer with the latest of everything; the lists behind it have the rest."""
    customer = customers.customer(public_id, by=user)
    return CustomerFile(
        customer=customer,
        balance=balance_of(customer_id=customer.public_id),
        account_code=account_code(customer_id=customer.public_id),
        orders=list(orders.find(user=user, customer_id=customer.public_id)[:RECENT]),
        resources=list(fulfilment.find(user=user, customer_id=customer.public_id)[:RECENT]),
        records=list(audit.histories([customer, customer.user])[:RECENT]),
    )
