from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import pytest
from django.test import Client

from shared_apps.distributors.models import Distributor
from shared_apps.kernel import clock, tenancy
from shared_apps.kernel.money import Money
from shared_apps.suppliers import queries as suppliers
from shared_apps.suppliers.adapters.base import Access, Done, OperationKind
from tenant_apps.customers import handlers
from tenant_apps.orders.models import Order
from tenant_apps.orders.services import paying
from tests import world

PASSWORD = "the-way-into-the-machine"
SignIn = Callable[[Distributor, str], Client]


class PromptSupplier:
    """Says yes to everything at once."""

    kind: ClassVar[str] = "PROMPT"

    def provision(self, *args: object, **kwargs: object) -> Done:
        return Done(OperationKind.PROVISION)

    def bind(self, *args: object, **kwargs: object) -> Access:
        return Access(host="10.0.0.8", port=22, username="root", password=PASSWORD)

    def deprovision(self, *args: object, **kwargs: object) -> Done:
        return Done(OperationKind.DEPROVISION)


@pytest.fixture
def prompt_supplier(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suppliers, "adapter_for", lambda **_: PromptSupplier())
    monkeypatch.setattr(handlers, "send_sms", lambda **_: None)


@pytest.fixture
def sign_in(db: None, client_for: Callable[..., Client]) -> SignIn:
    """A browser of the member of staff with a role on a distributor's site."""

    def make(site: Distributor, role: str) -> Client:
        with tenancy.enter(site.schema_name):
            user = world.staff(role)
        return client_for(site, user)

    return make


@pytest.fixture
def sold(db: None, pier: Distributor, prompt_supplier: None) -> Order:
    """An order of pier's 客户甲: two machines, paid from the balance, both running."""
    with tenancy.enter(pier.schema_name):
        who = world.customer()
        world.recharge(who, Money.of("100000"))
        order = world.place(who, world.a_choice(quantity=2, hours=7))
        paying.pay_from_balance(order=order, at=clock.now())
    world.drain()
    with tenancy.enter(pier.schema_name):
        order.refresh_from_db()
    return order
