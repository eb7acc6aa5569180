"""Importing changes only what differs, and says before and after the same thing."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from psycopg.types.range import TimestamptzRange

from shared_apps.audit.models import Record
from shared_apps.catalog import queries, services
from shared_apps.catalog.errors import PriceBackdated, PriceMissing, RateInvalid
from shared_apps.catalog.models import FxRate, GpuModel, ImportRun, Offering, Plan, Price
from shared_apps.kernel import tenancy
from shared_apps.suppliers.adapters.base import CatalogPlan
from shared_apps.suppliers.models import Supplier
from tests.shared_apps.catalog.market import FILE, LATER, OPENED, bring_in, file_of

ONE = "AWS,A100 (80 GB),Ampere,8,640,96,1152,40.97,5.12,12.29,p4de.24xlarge"
TWO = "AWS,T4 (16 GB),Turing,1,16,4,16,0.53,0.53,,g4dn.xlarge"

pytestmark = pytest.mark.usefixtures("empty_shelves")


def snapshot() -> dict[str, list[tuple[object, ...]]]:
    tables = (Supplier, GpuModel, Offering, Plan, Price, FxRate, ImportRun, Record)
    return {
        model._meta.label: list(model._default_manager.order_by("pk").values_list())
        for model in tables
    }


def plan(sku: str, kind: str = "ON_DEMAND") -> Plan:
    return Plan.objects.get(offering__sku=sku, kind=kind)


def test_the_real_file_comes_in_whole() -> None:
    report = bring_in(FILE.read_bytes())
    assert report.counts() == {
        "rows": 257, "imported": 251, "duplicates": 2, "refused": 4, "notes": 88,
        "suppliers_seen": 18, "suppliers_new": 18, "gpu_models_new": 23, "gpu_models_changed": 0,
        "offers_new": 251, "offers_changed": 0, "offers_unchanged": 0, "prices_new": 328,
        "prices_changed": 0, "fx_rates_new": 1, "vanished": 0, "changes": 621,
    }  # fmt: skip
    assert (Supplier.objects.count(), Offering.objects.count(), Price.objects.count()) == (
        18,
        251,
        328,
    )
    run = ImportRun.objects.get()
    assert run.counts == report.counts()
    assert run.finished_at is not None


def test_a_price_is_the_dollars_at_the_stored_rate() -> None:
    bring_in(file_of(ONE), rate=Decimal("7.123456"), rate_source="牌价")
    price = queries.current_price(plan=plan("p4de.24xlarge"), at=OPENED)
    assert price.list_hourly == Decimal("291.847992")  # 40.97 × 7.123456 = 291.84799232
    assert (price.source_amount, price.source_currency) == (Decimal("40.97"), "USD")
    assert price.fx_rate is not None
    assert (price.fx_rate.rate, price.fx_rate.source) == (Decimal("7.123456"), "牌价")


def test_a_second_run_changes_nothing() -> None:
    bring_in(FILE.read_bytes())
    before = snapshot()
    report = bring_in(FILE.read_bytes(), at=LATER)
    assert report.change_count == 0
    assert report.offers_unchanged == 251
    after = snapshot()
    for label in ("catalog.ImportRun", "audit.Record"):  # that it ran is written down
        assert len(after.pop(label)) == len(before.pop(label)) + 1
    assert after == before


def test_a_dry_run_reports_the_same_and_writes_nothing() -> None:
    before = snapshot()
    dry = bring_in(FILE.read_bytes(), dry_run=True)
    assert snapshot() == before
    wet = bring_in(FILE.read_bytes())
    told, done = dry.as_json(), wet.as_json()
    assert told.pop("dry_run") is True
    assert done.pop("dry_run") is False
    assert told == done


def test_a_dry_run_of_a_changed_price_leaves_the_price() -> None:
    bring_in(file_of(ONE))
    before = snapshot()
    report = bring_in(file_of(ONE.replace("40.97", "39.00")), at=LATER, dry_run=True)
    assert report.prices_changed == 1
    assert snapshot() == before


def test_a_changed_price_is_a_new_row_and_the_old_one_stays_readable() -> None:
    bring_in(file_of(ONE, TWO))
    report = bring_in(file_of(ONE.replace("40.97", "39.00"), TWO), at=LATER)
    assert (report.prices_changed, report.change_count) == (1, 1)
    history = queries.price_history(plan=plan("p4de.24xlarge"))
    assert [(p.list_hourly, p.effective.lower, p.effective.upper) for p in history] == [
        (Decimal("276.9"), LATER, None),
        (Decimal("290.887"), OPENED, LATER),
    ]
    at_the_edge = queries.current_price(plan=plan("p4de.24xlarge"), at=LATER)
    just_before = queries.current_price(
        plan=plan("p4de.24xlarge"), at=LATER - timedelta(microseconds=1)
    )
    assert (at_the_edge.list_hourly, just_before.list_hourly) == (
        Decimal("276.9"),
        Decimal("290.887"),
    )
    with pytest.raises(PriceMissing):
        queries.current_price(plan=plan("p4de.24xlarge"), at=OPENED - timedelta(seconds=1))
    assert len(queries.price_history(plan=plan("g4dn.xlarge"))) == 1


def test_a_new_rate_reprices_and_the_old_rate_stays() -> None:
    bring_in(file_of(ONE, TWO))
    report = bring_in(file_of(ONE, TWO), at=LATER, rate=Decimal("7.2"), rate_source="新牌价")
    assert (report.fx_rates_new, report.prices_changed, report.change_count) == (1, 3, 4)
    again = bring_in(file_of(ONE, TWO), at=LATER + timedelta(days=1))
    assert (again.change_count, again.rate) == (0, "7.2")
    assert [str(rate) for rate in queries.fx_rates()] == ["1 USD = 7.2 CNY", "1 USD = 7.1 CNY"]


@pytest.mark.parametrize(("rate", "source"), [("0", "x"), ("-7", "x"), ("NaN", "x"), ("7", " ")])
def test_a_rate_needs_a_size_and_a_source(rate: str, source: str) -> None:
    with pytest.raises(RateInvalid):
        bring_in(file_of(ONE), rate=Decimal(rate), rate_source=source)
    assert not FxRate.objects.exists()


def test_a_vanished_offer_is_reported_and_stays() -> None:
    bring_in(file_of(ONE, TWO))
    report = bring_in(file_of(TWO), at=LATER)
    assert [(gone.sku, gone.kind) for gone in report.vanished] == [
        ("p4de.24xlarge", "ON_DEMAND"),
        ("p4de.24xlarge", "SPOT"),
    ]
    assert report.change_count == 0
    still = queries.current_price(plan=plan("p4de.24xlarge"), at=LATER)
    assert still.list_hourly == Decimal("290.887")


def test_suppliers_that_a_file_does_not_speak_of_have_not_vanished() -> None:
    bring_in(file_of(ONE))
    assert not bring_in(file_of(TWO.replace("AWS", "GCP")), at=LATER).vanished


def test_an_offer_whose_row_became_unreadable_has_not_vanished() -> None:
    bring_in(file_of(ONE, TWO))
    report = bring_in(file_of(ONE.replace("40.97", "soon"), TWO), at=LATER)
    assert not report.vanished
    assert len(report.findings) == 1


def test_changed_specs_change_the_offer_in_place_and_are_told() -> None:
    bring_in(file_of(TWO))
    offering = Offering.objects.get()
    report = bring_in(file_of(TWO.replace(",4,16,0.53", ",8,32,0.53")), at=LATER)
    assert (report.offers_changed, report.change_count) == (1, 1)
    changed = Offering.objects.get()
    assert changed.public_id == offering.public_id
    assert (changed.vcpu, changed.ram_gb) == (8, Decimal(32))
    assert [(line.before, line.after) for line in report.changes] == [
        ("T4 16 GB × 1, 4 vCPU, 16 GB", "T4 16 GB × 1, 8 vCPU, 32 GB")
    ]


def test_one_name_for_several_machines_gets_the_cards_into_its_sku() -> None:
    v100 = "GCP,V100 (16 GB),Volta,1,16,8,52,2.95,2.95,0.84,n1-highmem-8"
    k80 = "GCP,K80 (12 GB),Kepler,1,12,8,52,0.92,0.92,0.14,n1-highmem-8"
    bring_in(file_of(v100, k80))
    assert set(Offering.objects.values_list("sku", flat=True)) == {
        "n1-highmem-8@1xv100-16g",
        "n1-highmem-8@1xk80-12g",
    }
    # The name has become unambiguous in the next file: what it means is still known.
    report = bring_in(file_of(v100), at=LATER)
    assert (report.change_count, len(report.vanished)) == (0, 2)


def test_a_name_that_becomes_ambiguous_keeps_the_machine_it_had() -> None:
    v100 = "GCP,V100 (16 GB),Volta,1,16,8,52,2.95,2.95,,n1-highmem-8"
    k80 = "GCP,K80 (12 GB),Kepler,1,12,8,52,0.92,0.92,,n1-highmem-8"
    bring_in(file_of(v100))
    report = bring_in(file_of(k80, v100), at=LATER)
    assert (report.offers_new, report.offers_changed) == (1, 0)
    assert set(Offering.objects.values_list("sku", flat=True)) == {
        "n1-highmem-8",
        "n1-highmem-8@1xk80-12g",
    }


def test_the_same_name_at_two_prices_is_refused_and_without_names_both_go_in() -> None:
    named = bring_in(file_of(TWO, TWO.replace("0.53", "0.60")))
    assert (named.imported, [(f.line, f.severity) for f in named.findings]) == (1, [(3, "ERROR")])
    bare = "Cudo Compute,A4000 (16 GB),Ampere,1,16,2,4,0.30,0.30,,"
    bring_in(file_of(bare, bare.replace("0.30", "0.32")))
    assert set(
        Offering.objects.filter(supplier__slug="cudo-compute").values_list("sku", flat=True)
    ) == {
        "1xa4000-16g-2c-4g",
        "1xa4000-16g-2c-4g-2",
    }


def test_prices_cannot_overlap_even_by_raw_sql() -> None:
    bring_in(file_of(TWO))
    held = Price.objects.get()
    with pytest.raises(IntegrityError, match="price_one_at_a_time"), transaction.atomic():
        Price.objects.create(
            plan=held.plan,
            effective=TimestamptzRange(LATER, None),
            list_hourly=Decimal(1),
            source_amount=Decimal(1),
            source_currency="CNY",
        )
    assert Price.objects.count() == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE catalog_price SET list_hourly = list_hourly + 1",
        "UPDATE catalog_price SET source_amount = 1",
        "UPDATE catalog_price SET effective = tstzrange(lower(effective) - interval '1 day', NULL)",
        "UPDATE catalog_price SET effective = 'empty'",
        "DELETE FROM catalog_price",
    ],
)
def test_a_price_is_never_edited(statement: str) -> None:
    bring_in(file_of(TWO))
    before = list(Price.objects.values_list())
    with (
        pytest.raises(IntegrityError, match="never edited"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert list(Price.objects.values_list()) == before


def test_a_closed_price_is_not_opened_again() -> None:
    bring_in(file_of(TWO))
    services.set_price(plan=plan("g4dn.xlarge"), amount=Decimal(5), at=LATER)
    with (
        pytest.raises(IntegrityError, match="never edited"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "UPDATE catalog_price SET effective = tstzrange(lower(effective), NULL) WHERE list_hourly <> 5"
        )


def test_a_price_cannot_be_set_before_the_one_in_force() -> None:
    bring_in(file_of(TWO))
    with pytest.raises(PriceBackdated):
        services.set_price(plan=plan("g4dn.xlarge"), amount=Decimal(5), at=OPENED)
    assert Price.objects.count() == 1


def test_a_brokers_ids_are_taken_over_by_id_and_else_by_sku() -> None:
    bring_in(file_of(ONE, TWO))
    aws = Supplier.objects.get(slug="aws")
    spot = plan("p4de.24xlarge", "SPOT")
    told = [
        CatalogPlan("compute", spot.external_plan_id, "any", "p4de.24xlarge", {}),
        CatalogPlan("compute", "their-own-id", "any", "g4dn.xlarge", {}),
        CatalogPlan("compute", "unheard-of", "any", "x9", {}),
    ]
    assert services.link_plans(supplier=aws, broker_plans=told) == (2, ["unheard-of"])
    assert services.link_plans(supplier=aws, broker_plans=told) == (0, ["unheard-of"])
    linked = Plan.objects.values_list(
        "offering__sku", "kind", "external_service_id", "external_plan_id"
    )
    untouched = plan("p4de.24xlarge").public_id
    assert set(linked) == {
        ("p4de.24xlarge", "SPOT", "compute", str(spot.public_id)),
        ("g4dn.xlarge", "ON_DEMAND", "compute", "their-own-id"),
        ("p4de.24xlarge", "ON_DEMAND", "aws", str(untouched)),
    }


def test_the_command_tells_and_writes(tmp_path: Path) -> None:
    file = tmp_path / "offers.csv"
    file.write_bytes(file_of(ONE, TWO.replace("0.53,0.53", "x,0.53")))
    out = StringIO()
    call_command("import_offers", file, "--json", "--dry-run", stdout=out)
    assert json.loads(out.getvalue().splitlines()[-1])["offers_new"] == 1
    assert not Offering.objects.exists()
    out = StringIO()
    call_command("import_offers", file, "--rate", "7", "--rate-source", "牌价", stdout=out)
    assert "第 3 行（未导入）AWS g4dn.xlarge：On-demand 不是有效的数字：“x”" in out.getvalue()
    assert Offering.objects.get().sku == "p4de.24xlarge"
    out = StringIO()
    call_command("import_offers", file, stdout=out)
    assert out.getvalue().splitlines()[-1] == "0 处变更。"
    with pytest.raises(CommandError, match="无法读取"):
        call_command("import_offers", tmp_path / "absent.csv")
    assert tenancy.current() is None
