"""Search finds what it should, and every facet counts what a recount by hand counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import ProgrammingError, connection, transaction
from django.test.utils import CaptureQueriesContext

from shared_apps.catalog import handlers, queries, services
from shared_apps.catalog.enums import Sort
from shared_apps.catalog.errors import OfferNotFound, PriceMissing, TooManyToCompare
from shared_apps.catalog.models import Offering
from shared_apps.catalog.queries import Facet, OfferPage, OfferRow
from shared_apps.distributors.models import Distributor
from shared_apps.suppliers import queries as suppliers
from shared_apps.suppliers import services as supplier_services
from shared_apps.suppliers.enums import HubBasis, SupplierState
from tests.conftest import Inside
from tests.shared_apps.catalog.market import LATER, OPENED, bring_in, file_of, sells

pytestmark = pytest.mark.usefixtures("market", "shared_plane")


def find(**asked: Any) -> OfferPage:
    return queries.find_offers(at=LATER, **asked)


def everything(**asked: Any) -> list[OfferRow]:
    rows: list[OfferRow] = []
    page = 1
    while True:
        found = find(page=page, per_page=100, **asked)
        rows += found.rows
        if not found.has_next:
            return rows
        page += 1


def price(row: OfferRow) -> Decimal:
    assert row.on_demand is not None
    return row.on_demand.list_hourly


def said_by(**facts: Any) -> Callable[[OfferRow], bool]:
    return lambda row: all(getattr(row, name) == value for name, value in facts.items())


# What is typed, how many offers that finds, and what is true of those offers and of no other.
SEARCHES: list[tuple[str, int, Callable[[OfferRow], bool]]] = [
    ("", 251, lambda row: True),
    ("显卡", 251, lambda row: row.gpu_count > 0),
    ("英伟达", 251, said_by(gpu_vendor="NVIDIA")),
    ("NVIDIA", 251, said_by(gpu_vendor="NVIDIA")),
    ("A100", 56, said_by(gpu_code="A100")),
    ("a100 80g", 33, said_by(gpu_code="A100", memory_each_gb=80)),
    ("A100 (80 GB)", 33, said_by(gpu_code="A100", memory_each_gb=80)),
    ("8卡 A100", 20, said_by(gpu_code="A100", gpu_count=8)),
    (
        "8 张 A100 80G 训练 一个月",
        13,
        said_by(gpu_code="A100", gpu_count=8, memory_each_gb=80),
    ),
    ("贵州", 20, said_by(hub_code="guizhou")),
    ("贵安 显卡", 20, said_by(hub_code="guizhou")),
    ("guizhou", 20, said_by(hub_code="guizhou")),
    ("亚马逊", 24, said_by(supplier_slug="aws")),
    ("AWS", 24, said_by(supplier_slug="aws")),
    ("oblivus", 32, said_by(supplier_slug="oblivus-cloud")),
    ("latitude.sh", 4, said_by(supplier_slug="latitude-sh")),
    ("ovh", 12, said_by(supplier_slug="ovhcloud")),
    ("p4de.24xlarge", 1, said_by(sku="p4de.24xlarge")),
    ("RTX A6000", 28, said_by(gpu_code="A6000")),
    ("RTX 6000", 1, said_by(gpu_code="RTX6000")),
    ("3080Ti", 1, said_by(gpu_code="RTX3080Ti")),
    ("H100 PCIe", 4, said_by(gpu_form="PCIe")),
    ("安培", 144, said_by(gpu_architecture="Ampere")),
    ("竞价 V100", 11, lambda row: row.gpu_code == "V100" and row.spot is not None),
    ("火星", 0, lambda row: False),
    ("A100 火星", 0, lambda row: False),
    ("RTX4090", 0, lambda row: False),
    ("!!!", 0, lambda row: False),
    ("' OR 1=1 --", 0, lambda row: False),
]


def test_search_finds_these_and_no_others() -> None:
    offers = everything()
    for text, count, holds in SEARCHES:
        found = {row.public_id for row in everything(text=text)}
        assert found == {row.public_id for row in offers if holds(row)}, text
        assert len(found) == count, text


def matches(row: OfferRow, asked: dict[str, Any], without: str = "") -> bool:
    """The filters said again, plainly; `without` leaves one out."""
    assert row.on_demand is not None
    said = {
        key: value for key, value in asked.items() if not without or not key.startswith(without)
    }
    return all(
        (
            row.gpu_code in said.get("gpu_models", [row.gpu_code]),
            row.gpu_count in said.get("gpu_counts", [row.gpu_count]),
            said.get("memory_min", 0) <= row.memory_each_gb <= said.get("memory_max", 10**6),
            said.get("price_min", Decimal(0))
            <= price(row)
            <= said.get("price_max", Decimal(10**9)),
            row.supplier_slug in said.get("suppliers", [row.supplier_slug]),
            row.hub_code in said.get("hubs", [row.hub_code]),
        )
    )


ASKED: list[dict[str, Any]] = [
    {},
    {"gpu_models": ["A100"]},
    {"gpu_models": ["A100", "H100"], "gpu_counts": [8]},
    {"memory_min": 40, "memory_max": 80, "suppliers": ["aws", "azure", "gcp"]},
    {"price_min": Decimal(10), "price_max": Decimal(50), "hubs": ["guizhou", "gansu"]},
    {"gpu_models": ["A6000"], "gpu_counts": [1, 2], "memory_min": 48, "price_max": Decimal(20)},
    {"gpu_models": ["no such card"]},
]


def test_facets_count_what_a_recount_counts() -> None:
    offers = everything()
    for asked in ASKED:
        recounted(offers, asked)


def recounted(offers: list[OfferRow], asked: dict[str, Any]) -> None:
    found = find(**asked)
    assert found.total == sum(matches(row, asked) for row in offers)
    assert [row.public_id for row in everything(**asked)] == [
        row.public_id for row in offers if matches(row, asked)
    ]

    def recount(value: Callable[[OfferRow], Any], without: str) -> dict[Any, int]:
        return dict(Counter(value(row) for row in offers if matches(row, asked, without)))

    def counted(facets: tuple[Facet, ...]) -> dict[Any, int]:
        return {facet.value: facet.count for facet in facets if facet.count}

    assert counted(found.facets.gpu_models) == recount(lambda row: row.gpu_code, "gpu_models")
    assert counted(found.facets.gpu_counts) == recount(lambda row: row.gpu_count, "gpu_counts")
    assert counted(found.facets.memories) == recount(lambda row: row.memory_each_gb, "memory")
    assert counted(found.facets.suppliers) == recount(lambda row: row.supplier_slug, "suppliers")
    assert counted(found.facets.hubs) == recount(lambda row: row.hub_code, "hubs")
    prices = [
        row.on_demand.list_hourly
        for row in offers
        if matches(row, asked, "price") and row.on_demand
    ]
    assert found.facets.price_min == min(prices, default=None)
    assert found.facets.price_max == max(prices, default=None)
    assert found.facets.spot == sum(matches(row, asked) and row.spot is not None for row in offers)


def test_chosen_values_stay_listed_with_nothing_behind_them() -> None:
    found = find(gpu_models=["GH200"], suppliers=["aws"])
    assert found.total == 0
    assert [(f.value, f.count) for f in found.facets.gpu_models if f.selected] == [("GH200", 0)]


def test_a_page_costs_three_queries() -> None:
    with CaptureQueriesContext(connection) as captured:
        find(text="A100", gpu_counts=[8], sort=Sort.PRICE)
    assert len(captured) == 3


SORTS: dict[Sort, Callable[[OfferRow], Any]] = {
    Sort.PER_GPU: lambda row: price(row) / row.gpu_count,
    Sort.PRICE: price,
    Sort.PRICE_DESC: lambda row: -price(row),
    Sort.MEMORY_DESC: lambda row: -row.memory_total_gb,
    Sort.GPUS_DESC: lambda row: -row.gpu_count,
}


def test_sorting_and_paging_lose_and_repeat_nothing() -> None:
    assert set(SORTS) == set(Sort)
    for sort, key in SORTS.items():
        rows = everything(sort=sort)
        assert len({row.public_id for row in rows}) == 251, sort
        assert [key(row) for row in rows] == sorted(key(row) for row in rows), sort


def test_a_page_beyond_the_last_is_the_last() -> None:
    found = find(page=99, per_page=100)
    assert (found.page, found.pages, len(found.rows)) == (3, 3, 51)


def test_spot_is_sorted_and_filtered_by_the_spot_price() -> None:
    rows = everything(spot=True, sort=Sort.PRICE)
    assert len(rows) == 77
    prices = [row.spot.list_hourly for row in rows if row.spot]
    assert prices == sorted(prices)
    dearest = prices[-1]
    assert find(spot=True, price_min=dearest).total == 1


def test_a_price_per_card() -> None:
    (row,) = find(text="p4de.24xlarge").rows
    assert row.on_demand is not None
    assert row.on_demand.list_hourly == Decimal("290.887")
    assert row.on_demand.per_gpu_hourly == Decimal("36.360875")
    assert row.title == "A100 80 GB × 8"
    assert row.hub_is_demo


def test_nothing_is_on_sale_outside_an_agreement() -> None:
    aws = suppliers.supplier(slug="aws")
    (row,) = find(text="p4de.24xlarge").rows
    supplier_services.terminate_agreement(
        agreement=suppliers.agreement_in_force(supplier=aws, on=LATER.date()),
        on=LATER.date(),
        at=LATER,
    )
    assert find(text="p4de.24xlarge").total == 0
    assert not queries.offer(public_id=row.public_id, at=LATER).buyable
    assert queries.offer(public_id=row.public_id, at=OPENED).buyable


def test_paused_offers_and_suspended_suppliers_are_not_found() -> None:
    offering = Offering.objects.get(sku="p4de.24xlarge")
    services.move_offering(offering=offering, state="PAUSED")
    assert find(text="p4de.24xlarge").total == 0
    assert not queries.offer(public_id=offering.public_id, at=LATER).buyable
    supplier_services.move_supplier(
        supplier=suppliers.supplier(slug="azure"), state=SupplierState.SUSPENDED
    )
    assert find(suppliers=["azure"]).total == 0


def test_a_new_hub_is_found_once_the_news_has_arrived() -> None:
    aws = suppliers.supplier(slug="aws")
    away = "ningxia" if aws.hub and aws.hub.code != "ningxia" else "gansu"
    word = {"ningxia": "宁夏", "gansu": "甘肃"}[away]
    supplier_services.assign_hub(supplier=aws, hub_code=away, basis=HubBasis.DECLARED)
    handlers.supplier_changed({"supplier": "aws"})
    assert find(text=f"{word} p4de").total == 1
    assert find(text="p4de", hubs=[away]).rows[0].hub_is_demo is False


def test_comparing_keeps_the_order_marks_differences_and_the_best() -> None:
    skus = ["p3.2xlarge", "p4de.24xlarge", "g5.xlarge"]
    ids = [Offering.objects.get(sku=sku).public_id for sku in skus]
    compared = queries.compare(public_ids=[*ids, uuid4()], at=LATER)
    assert [row.sku for row in compared.offers] == skus
    facts = {fact.key: fact for fact in compared.facts}
    assert facts["gpu_count"].values == (1, 8, 1)
    assert facts["gpu_count"].best == (False, True, False)
    assert facts["hourly"].best == (False, False, True)
    assert facts["supplier"].differs is False
    assert facts["supplier"].best == (False, False, False)
    with pytest.raises(TooManyToCompare):
        queries.compare(public_ids=[uuid4() for _ in range(5)], at=LATER)


def test_an_offer_by_its_plan() -> None:
    (row,) = find(text="p3.2xlarge").rows
    assert row.spot is not None
    found, plan = queries.offer_of_plan(plan_id=row.spot.public_id, at=LATER)
    assert (found, plan) == (row, row.spot)
    with pytest.raises(PriceMissing):
        queries.offer_of_plan(plan_id=row.spot.public_id, at=OPENED.replace(year=2025))
    with pytest.raises(OfferNotFound):
        queries.offer_of_plan(plan_id=uuid4(), at=LATER)
    with pytest.raises(OfferNotFound):
        queries.offer(public_id=uuid4(), at=LATER)


def test_a_machine_without_cards_is_found_and_sorted_last() -> None:
    bring_in(file_of("Nine Cloud,,,,,64,256,0.01,,,c7i.16xlarge"), at=OPENED)
    sells(suppliers.supplier(slug="nine-cloud"), "gansu")
    last = everything()[-1]
    assert (last.sku, last.title, last.gpu_count, last.memory_each_gb) == (
        "c7i.16xlarge",
        "CPU",
        0,
        0,
    )
    assert last.on_demand is not None
    assert last.on_demand.per_gpu_hourly is None
    assert [row.sku for row in everything(text="nine cpu")] == ["c7i.16xlarge"]
    assert find(gpu_models=["A100"]).total == 56


def test_a_tenant_finds_what_the_platform_finds(harbour: Distributor, inside: Inside) -> None:
    wanted = find(text="贵州 A100")
    assert wanted.total > 0
    with inside(harbour):
        assert find(text="贵州 A100") == wanted


FORBIDDEN = (
    "UPDATE catalog_offering SET state = 'PAUSED'",
    "UPDATE catalog_price SET effective = tstzrange(lower(effective), now())",
    "DELETE FROM catalog_plan",
    "INSERT INTO catalog_fxrate (base, quote, rate, source, effective_at) VALUES ('USD', 'CNY', 1, 'x', now())",
    "SELECT * FROM catalog_importrun",
)


def test_a_tenant_writes_nothing_and_reads_no_import(harbour: Distributor, inside: Inside) -> None:
    with inside(harbour):
        for statement in FORBIDDEN:
            with (
                pytest.raises(ProgrammingError, match="permission denied"),
                transaction.atomic(),
                connection.cursor() as cursor,
            ):
                cursor.execute(statement)
