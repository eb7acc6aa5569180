"""The one cast of all tests: north and its child harbour always exist, pier is harbour's; rival sees nothing."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from psycopg import sql

from billing.balances.services import lots
from billing.ledger.enums import PartyKind
from billing.ledger.parties import Party
from billing.ledger.services import open_books
from billing.pricing.services import set_retail_percent
from billing.settlement import booker
from shared_apps.catalog.importing.run import import_offers
from shared_apps.catalog.queries import find_offers
from shared_apps.distributors import services
from shared_apps.distributors.models import Distributor
from shared_apps.identity import services as identity
from shared_apps.identity.enums import Kind, Role
from shared_apps.identity.models import User
from shared_apps.kernel import clock, tenancy
from shared_apps.kernel.ids import new_id
from shared_apps.kernel.money import Money
from shared_apps.outbox import services as outbox
from shared_apps.suppliers import queries as suppliers
from shared_apps.suppliers import services as supply
from shared_apps.suppliers.enums import HubBasis
from tenant_apps.customers import services as customers
from tenant_apps.customers.models import Customer
from tenant_apps.orders.models import Order
from tenant_apps.orders.pricing import Choice, price, sum_of
from tenant_apps.orders.services import placing

FOUNDED_AT = datetime(2026, 1, 1, tzinfo=UTC)
OFFERS = Path(settings.ROOT) / "shared_apps" / "catalog" / "data" / "cloud-gpus.csv"
RETAIL_PERCENT = Decimal(97)
PASSWORD = "a-password-for-tests"
CHANNEL = Party(PartyKind.CHANNEL, "test", "测试渠道")
CUSTOMERS = {"客户甲": "+8613900000001", "客户乙": "+8613900000002"}
TREE = (
    # slug, name, parent, wholesale percent
    ("op", "算力平台", None, None),
    ("north", "北方算力", "op", Decimal(80)),
    ("harbour", "海港算力", "north", Decimal(88)),
    ("pier", "码头算力", "harbour", Decimal(94)),
    ("rival", "对岸算力", "op", Decimal(82)),
)


@dataclass(frozen=True)
class Owner:
    """The owner's login: tests make and drop whole databases with it."""

    def connect(self, database: str) -> psycopg.Connection[Any]:
        where = settings.DATABASES["default"]
        return psycopg.connect(
            host=where["HOST"],
            port=where["PORT"],
            dbname=database,
            autocommit=True,
            **where["OWNER"],
        )

    def create(self, database: str, template: str = "template1") -> None:
        with self.connect("postgres") as link:
            named = sql.Identifier(database)
            link.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                    named, sql.Identifier(template)
                )
            )
            # Who may connect, and do what, is the one thing that a copy does not bring along.
            app = sql.Identifier(f"{settings.DATABASE_ROLE_PREFIX}_app")
            link.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(named))
            if (
                link.execute(
                    "SELECT FROM pg_roles WHERE rolname = %s",
                    [f"{settings.DATABASE_ROLE_PREFIX}_app"],
                ).fetchone()
                is not None
            ):
                link.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(named, app))

    def drop(self, database: str) -> None:
        """Tries again while a server process of the superuser's, such as autovacuum, is inside."""
        statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(
            sql.Identifier(database)
        )
        for pause in (0.2, 0.5, 1.0, 2.0, None):
            try:
                with self.connect("postgres") as link:
                    link.execute(statement)
                return
            except (psycopg.errors.InsufficientPrivilege, psycopg.errors.ObjectInUse):
                if pause is None:
                    raise
                time.sleep(pause)

    def drop_roles(self, names: list[str]) -> None:
        with self.connect("postgres") as link:
            for name in names:
                link.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(name)))


def use_database(name: str) -> None:
    connection.close()
    settings.DATABASES["default"]["NAME"] = name
    connection.settings_dict["NAME"] = name


def build() -> dict[str, Distributor]:
    """Migrates an empty database, founds the cast in it, and opens every shop."""
    call_command("migrate_fleet", quiet=True)
    cast: dict[str, Distributor] = {}
    with tenancy.owner():
        for slug, name, parent, percent in TREE:
            cast[slug] = services.found(
                slug=slug,
                name=name,
                parent=cast[parent] if parent else None,
                hosts=[f"{slug}.ncmatch.localhost"],
                wholesale_percent=percent,
                at=FOUNDED_AT,
            )
    with tenancy.shared():
        _stock()
    for member in cast.values():
        with tenancy.enter(member.schema_name):
            _open(member)
    return cast


def _stock() -> None:
    """The real offers, every supplier with a hub and an agreement at 70 % of the list price."""
    supply.load_hubs()
    import_offers(
        data=OFFERS.read_bytes(),
        file_name=OFFERS.name,
        at=FOUNDED_AT,
        rate=Decimal("7.10"),
        rate_source="测试用固定汇率",
    )
    hubs = suppliers.hubs()
    for position, supplier in enumerate(suppliers.suppliers()):
        supply.assign_hub(
            supplier=supplier, hub_code=hubs[position % len(hubs)].code, basis=HubBasis.DEMO
        )
        supply.activate_agreement(
            agreement=supply.draft_agreement(
                supplier=supplier,
                cost_percent=Decimal(70),
                starts_on=FOUNDED_AT.date(),
                at=FOUNDED_AT,
            )
        )


def _open(member: Distributor) -> None:
    """Books, a retail price, one person of each role, two customers."""
    open_books(at=FOUNDED_AT)
    set_retail_percent(percent=RETAIL_PERCENT, at=FOUNDED_AT)
    for role in Role.values:
        identity.add_staff(
            name=role, roles=[role], email=f"{role.lower()}@{member.slug}.test", password=PASSWORD
        )
    for name, phone in CUSTOMERS.items():
        customers.register(name=name, phone=phone, password=PASSWORD, at=FOUNDED_AT)


def staff(role: str) -> User:
    """The member of staff with this role, where we stand."""
    return User.objects.get(kind=Kind.STAFF, roles=[role])


def customer(name: str = "客户甲") -> Customer:
    return Customer.objects.select_related("user").get(user__name=name)


def recharge(who: Customer, amount: Money, *, at: datetime | None = None) -> None:
    """Money in a customer's balance, as a payment would have put it there."""
    origin = new_id()
    lots.enter(
        event="recharge",
        source=f"test:{origin}",
        customer=Party(PartyKind.CUSTOMER, str(who.public_id), str(who)),
        amount=amount,
        origin_id=origin,
        title="充值",
        effective_at=at or clock.now(),
        parties={"channel": CHANNEL},
    )


def a_choice(*, quantity: int = 1, hours: int = 1, text: str = "A100") -> Choice:
    """Something that can be bought: the cheapest card that the text finds."""
    row = find_offers(at=clock.now(), text=text).rows[0]
    assert row.on_demand is not None
    return Choice(row.on_demand.public_id, quantity, hours)


def place(who: Customer, *choices: Choice, at: datetime | None = None) -> Order:
    """An order at the price of now, waiting to be paid."""
    at = at or clock.now()
    return placing.place(
        customer=who,
        choices=choices,
        shown_total=sum_of(price(choices, at=at)),
        terms_version=placing.TERMS_VERSION,
        request_key=new_id(),
        at=at,
    )


def drain(*, at: datetime | None = None, rounds: int = 20) -> int:
    """Delivers what is due, as the worker would, until nothing is due any more."""
    done = 0
    for _ in range(rounds):
        with tenancy.shared():
            due = outbox.lease_due(at=at or clock.now())
        if not due:
            break
        for delivery_id, schema in due:
            standing = tenancy.shared() if schema == tenancy.PUBLIC else tenancy.enter(schema)
            with standing:
                done += outbox.deliver(delivery_id=delivery_id)
    return done


def book_all(cast: dict[str, Distributor]) -> int:
    booked = 0
    for member in cast.values():
        with tenancy.enter(member.schema_name):
            booked += booker.book()
    return booked
