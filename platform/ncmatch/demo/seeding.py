"""Makes the demo's country. Every step is safe to repeat: what is there already stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from time import perf_counter

from django.conf import settings
from django.utils import timezone

from billing.ledger.services import open_books
from billing.pricing.models import RetailRule
from billing.pricing.services import set_retail_percent
from shared_apps.catalog import services as catalog
from shared_apps.catalog.importing.run import import_offers
from shared_apps.catalog.models import Plan
from shared_apps.catalog.terms import FACTORS
from shared_apps.distributors import queries as distributors
from shared_apps.distributors.errors import UnknownDistributor
from shared_apps.distributors.models import Distributor
from shared_apps.distributors.services import found
from shared_apps.identity import services as identity
from shared_apps.identity.models import User
from shared_apps.kernel import ids, tenancy
from shared_apps.suppliers import queries as suppliers
from shared_apps.suppliers import services as supply
from shared_apps.suppliers.enums import AdapterKind, HubBasis
from shared_apps.suppliers.models import Supplier, SupplyAgreement
from tenant_apps.customers import services as customers
from tenant_apps.customers.models import Customer

from . import merchants, outside
from .tree import (
    COST_PERCENT,
    CUSTOMER_PHONE,
    PASSWORD,
    ROLES,
    SHOPS,
    USD_CNY,
    USD_CNY_SOURCE,
    Shop,
)

OFFERS = Path(settings.ROOT) / "shared_apps" / "catalog" / "data" / "cloud-gpus.csv"
ROLE_NAMES = {"ADMIN": "管理员", "FINANCE": "财务", "SALES": "销售", "SUPPORT": "客服"}

Say = Callable[[str, float], None]


@contextmanager
def _step(title: str, say: Say) -> Iterator[None]:
    started = perf_counter()
    yield
    say(title, perf_counter() - started)


def seed(*, at: datetime, say: Say) -> None:
    """The whole demo; the sandbox must be running."""
    with _step("分销商树", say), tenancy.owner():
        _tree(at)
    with _step("供应商与产品", say), tenancy.shared():
        _supply(at)
        outside.open_sms()
    with _step("店铺的人员、账簿、售价与收款账户", say):
        with tenancy.shared():
            fleet = distributors.fleet()
        shops = {shop.slug: shop for shop in SHOPS}
        for distributor in fleet:
            if distributor.slug in shops:
                with tenancy.enter(distributor.schema_name):
                    _shop(distributor, shops[distributor.slug], at)


def _tree(at: datetime) -> None:
    made: dict[str, Distributor] = {}
    for shop in SHOPS:
        try:
            made[shop.slug] = distributors.by_slug(shop.slug)
        except UnknownDistributor:
            made[shop.slug] = found(
                slug=shop.slug,
                name=shop.name,
                legal_name=shop.legal_name,
                parent=made[shop.parent] if shop.parent else None,
                hosts=[f"{shop.slug}.{settings.EXCHANGE_HOST}"],
                wholesale_percent=shop.wholesale_percent,
                at=at,
                primary_color=shop.color,
                logo=f"{settings.STATIC_URL}ncmatch/demo/{shop.slug}.svg",
                tagline=shop.tagline,
                about=shop.about,
                service_phone=shop.phone,
                icp_number="演示备案号 00000000 号",
            )


def _supply(at: datetime) -> None:
    supply.load_hubs()
    import_offers(
        data=OFFERS.read_bytes(),
        file_name=OFFERS.name,
        at=at,
        rate=USD_CNY,
        rate_source=USD_CNY_SOURCE,
    )
    hubs = suppliers.hubs()
    for position, supplier in enumerate(suppliers.suppliers()):
        supply.assign_hub(
            supplier=supplier, hub_code=hubs[position % len(hubs)].code, basis=HubBasis.DEMO
        )
        if not SupplyAgreement.objects.filter(supplier=supplier).exists():
            agreement = supply.draft_agreement(
                supplier=supplier,
                cost_percent=COST_PERCENT,
                starts_on=timezone.localdate(at),
                at=at,
            )
            supply.activate_agreement(agreement=agreement)
        _connect(supplier, at)


def _connect(supplier: Supplier, at: datetime) -> None:
    """A supplier's broker learns what it sells; we learn by which ids it knows that."""
    secret = ids.new_id().hex
    plans = list(
        Plan.objects.filter(offering__supplier=supplier)
        .exclude(kind__in=FACTORS)  # a broker knows machines, not our ways of selling them
        .select_related("offering__gpu_model")
    )
    address = outside.offer_at_broker(
        slug=supplier.slug, username="ncmatch", password=secret, plans=plans
    )
    supply.connect_supplier(
        supplier=supplier,
        adapter=AdapterKind.OSB,
        at=at,
        base_url=address,
        username="ncmatch",
        secret=secret,
    )
    adapter = suppliers.adapter_for(supplier=supplier)
    catalog.link_plans(supplier=supplier, broker_plans=adapter.catalog())
    catalog.offer_terms(supplier=supplier, at=at)


def _shop(distributor: Distributor, shop: Shop, at: datetime) -> None:
    open_books(at=at)
    if not RetailRule.objects.exists():
        set_retail_percent(percent=shop.retail_percent, at=at)
    merchants.connect(distributor, shop)
    if not User.objects.exists():
        for role in ROLES:
            identity.add_staff(
                name=ROLE_NAMES[role],
                roles=[role],
                email=f"{role.lower()}@{shop.slug}.{settings.EXCHANGE_HOST}",
                password=PASSWORD,
            )
    if not Customer.objects.exists():
        customers.register(name="演示客户", phone=CUSTOMER_PHONE, password=PASSWORD, at=at)
