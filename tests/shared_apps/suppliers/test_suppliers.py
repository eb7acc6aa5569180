"""Suppliers, their hubs, doors and agreements; and what a tenant may not know of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction
from psycopg.types.range import DateRange

from shared_apps.audit.models import Record
from shared_apps.distributors.models import Distributor
from shared_apps.kernel import tenancy
from shared_apps.outbox.models import Delivery
from shared_apps.suppliers import queries, services
from shared_apps.suppliers.adapters.osb import OsbAdapter
from shared_apps.suppliers.enums import AdapterKind, AgreementState, HubBasis, SupplierState
from shared_apps.suppliers.errors import (
    AdapterUnknown,
    AgreementMissing,
    AgreementMoveRefused,
    AgreementOverlaps,
    AgreementPeriodInvalid,
    ConnectionMissing,
    CostPercentInvalid,
    HubNotFound,
    SupplierExists,
    SupplierMoveRefused,
)
from shared_apps.suppliers.models import (
    Hub,
    SellingWindow,
    Supplier,
    SupplierConnection,
    SupplyAgreement,
)
from tests.conftest import Inside

AT = datetime(2026, 2, 1, 1, tzinfo=UTC)
SPRING, SUMMER, AUTUMN = date(2026, 3, 1), date(2026, 6, 1), date(2026, 9, 1)


@pytest.fixture
def cloud(db: None) -> Iterator[Supplier]:
    with tenancy.shared():
        yield services.register_supplier(slug="cloud", name="Cloud", name_zh="云", at=AT)


def agreed(
    supplier: Supplier, starts_on: date = SPRING, ends_on: date | None = None, percent: str = "62.5"
) -> SupplyAgreement:
    draft = services.draft_agreement(
        supplier=supplier,
        cost_percent=Decimal(percent),
        starts_on=starts_on,
        ends_on=ends_on,
        at=AT,
    )
    return services.activate_agreement(agreement=draft)


def test_the_eight_hubs_are_there_and_loading_them_again_writes_nothing(cloud: Supplier) -> None:
    assert [hub.name for hub in queries.hubs()] == [
        "京津冀枢纽", "长三角枢纽", "粤港澳大湾区枢纽", "成渝枢纽", "内蒙古枢纽", "贵州枢纽", "甘肃枢纽", "宁夏枢纽",
    ]  # fmt: skip
    assert sum(len(hub.clusters) for hub in queries.hubs()) == 10
    assert services.load_hubs() == 0
    Hub.objects.filter(code="gansu").update(name="甘肃")
    assert services.load_hubs() == 1
    assert queries.hub(code="gansu").name == "甘肃枢纽"


def test_a_slug_is_used_once(cloud: Supplier) -> None:
    with pytest.raises(SupplierExists):
        services.register_supplier(slug="cloud", name="Another", at=AT)
    assert Supplier.objects.filter(slug="cloud").count() == 1
    assert cloud.sort_key == "yun"


def test_a_hub_comes_with_its_basis_and_the_news_goes_out_once(cloud: Supplier) -> None:
    services.assign_hub(supplier=cloud, hub_code="guizhou", basis=HubBasis.DEMO)
    services.assign_hub(supplier=cloud, hub_code="guizhou", basis=HubBasis.DEMO)
    found = queries.supplier(slug="cloud")
    assert found.hub is not None
    assert (found.hub.code, found.hub_basis) == ("guizhou", "DEMO")
    news = {"supplier": "cloud"}
    assert [d.payload for d in Delivery.objects.filter(topic="supplier.changed", payload=news)] == [
        {"supplier": "cloud"}
    ]
    assert Record.objects.get(
        action="supplier.assign_hub", object_id=str(cloud.public_id)
    ).after == {
        "hub": "guizhou",
        "basis": "DEMO",
    }
    with pytest.raises(HubNotFound):
        services.assign_hub(supplier=cloud, hub_code="atlantis", basis=HubBasis.DEMO)


def test_a_hub_without_a_basis_is_refused_by_the_database(cloud: Supplier) -> None:
    with pytest.raises(IntegrityError, match="supplier_hub_has_basis"), transaction.atomic():
        Supplier.objects.update(hub=Hub.objects.get(code="gansu"))


def test_moves(cloud: Supplier) -> None:
    services.move_supplier(supplier=cloud, state=SupplierState.SUSPENDED)
    services.move_supplier(supplier=cloud, state=SupplierState.ACTIVE)
    services.move_supplier(supplier=cloud, state=SupplierState.CLOSED)
    with pytest.raises(SupplierMoveRefused):
        services.move_supplier(supplier=cloud, state=SupplierState.ACTIVE)
    assert queries.supplier(slug="cloud").state == SupplierState.CLOSED


def test_it_sells_from_the_first_day_to_before_the_last(cloud: Supplier) -> None:
    agreed(cloud, SPRING, SUMMER)
    assert not queries.sells(supplier=cloud, on=date(2026, 2, 28))
    assert queries.sells(supplier=cloud, on=SPRING)
    assert queries.sells(supplier=cloud, on=date(2026, 5, 31))
    assert not queries.sells(supplier=cloud, on=SUMMER)
    assert queries.cost_percent(supplier=cloud, on=SPRING) == Decimal("62.5")
    with pytest.raises(AgreementMissing):
        queries.cost_percent(supplier=cloud, on=SUMMER)


def test_a_draft_binds_nobody(cloud: Supplier) -> None:
    services.draft_agreement(supplier=cloud, cost_percent=Decimal(60), starts_on=SPRING, at=AT)
    assert not queries.sells(supplier=cloud, on=SPRING)
    with pytest.raises(AgreementMissing):
        queries.agreement_in_force(supplier=cloud, on=SPRING)


def test_agreements_follow_each_other_and_never_overlap(cloud: Supplier) -> None:
    agreed(cloud, SPRING, SUMMER)
    agreed(cloud, SUMMER, AUTUMN, "60")
    with pytest.raises(AgreementOverlaps):
        agreed(cloud, date(2026, 5, 31))
    assert queries.cost_percent(supplier=cloud, on=SUMMER) == Decimal(60)
    assert SellingWindow.objects.filter(supplier=cloud).count() == 2
    with pytest.raises(IntegrityError, match="agreement_one_in_force"), transaction.atomic():
        SupplyAgreement.objects.filter(state=AgreementState.DRAFT).update(
            state=AgreementState.ACTIVE
        )


def test_an_agreement_is_activated_once(cloud: Supplier) -> None:
    agreement = agreed(cloud)
    with pytest.raises(AgreementMoveRefused):
        services.activate_agreement(agreement=agreement)


def test_ending_an_agreement_keeps_the_days_it_covered(cloud: Supplier) -> None:
    agreement = agreed(cloud)
    june = datetime(2026, 6, 1, 1, tzinfo=UTC)
    services.terminate_agreement(agreement=agreement, on=AUTUMN, at=june)
    agreement.refresh_from_db()
    assert (agreement.state, agreement.valid_during) == (
        AgreementState.ACTIVE,
        DateRange(SPRING, AUTUMN),
    )
    assert queries.sells(supplier=cloud, on=date(2026, 8, 31))
    assert not queries.sells(supplier=cloud, on=AUTUMN)
    services.terminate_agreement(agreement=agreement, on=SUMMER, at=june)
    agreement.refresh_from_db()
    assert (agreement.state, agreement.valid_during) == (
        AgreementState.TERMINATED,
        DateRange(SPRING, SUMMER),
    )
    assert queries.cost_percent(supplier=cloud, on=SPRING) == Decimal("62.5")
    assert not queries.sells(supplier=cloud, on=SUMMER)


def test_an_agreement_ended_before_it_began_never_was(cloud: Supplier) -> None:
    agreement = agreed(cloud, SUMMER)
    services.terminate_agreement(agreement=agreement, on=SPRING, at=AT)
    assert not SellingWindow.objects.filter(supplier=cloud).exists()
    agreed(cloud, SUMMER)
    assert queries.sells(supplier=cloud, on=SUMMER)


@pytest.mark.parametrize("percent", ["0", "-1", "100.000001", "62.1234567"])
def test_a_cost_that_makes_no_sense_is_refused(cloud: Supplier, percent: str) -> None:
    with pytest.raises(CostPercentInvalid):
        agreed(cloud, percent=percent)
    assert not SupplyAgreement.objects.filter(supplier=cloud).exists()


def test_an_agreement_ends_after_it_begins(cloud: Supplier) -> None:
    with pytest.raises(AgreementPeriodInvalid):
        agreed(cloud, SPRING, SPRING)


def test_the_secret_is_sealed_and_only_the_adapter_gets_it(cloud: Supplier) -> None:
    with pytest.raises(ConnectionMissing):
        queries.adapter_for(supplier=cloud)
    services.connect_supplier(
        supplier=cloud, adapter=AdapterKind.OSB, base_url="https://broker.example", username="us",
        secret="open sesame", at=AT,
    )  # fmt: skip
    stored = SupplierConnection.objects.get(supplier=cloud)
    assert "sesame" not in stored.sealed_secret
    assert "sesame" not in str(list(Record.objects.values_list("before", "after", "note")))
    adapter = queries.adapter_for(supplier=cloud)
    assert isinstance(adapter, OsbAdapter)
    assert "sesame" not in repr(adapter)
    services.connect_supplier(supplier=cloud, adapter=AdapterKind.MANUAL, at=AT)
    with pytest.raises(AdapterUnknown):
        queries.adapter_for(supplier=cloud)


@pytest.mark.parametrize("table", ["suppliers_supplyagreement", "suppliers_supplierconnection"])
def test_a_tenant_reads_neither_agreements_nor_doors(
    cloud: Supplier, north: Distributor, inside: Inside, table: str
) -> None:
    agreed(cloud)
    with inside(north):
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"SELECT * FROM public.{table}")
        assert queries.sells(supplier=cloud, on=SPRING)
        assert queries.supplier(slug="cloud").display_name == "云"


def test_a_tenant_cannot_move_a_supplier(
    cloud: Supplier, north: Distributor, inside: Inside
) -> None:
    with (
        inside(north),
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
    ):
        services.assign_hub(supplier=cloud, hub_code="gansu", basis=HubBasis.DEMO)


def test_the_operator_reads_and_writes_them(
    cloud: Supplier, operator: Distributor, inside: Inside
) -> None:
    with inside(operator):
        agreed(cloud)
        services.connect_supplier(
            supplier=cloud,
            adapter=AdapterKind.OSB,
            base_url="https://broker.example",
            secret="s",
            at=AT,
        )
        services.assign_hub(supplier=cloud, hub_code="gansu", basis=HubBasis.DECLARED)
        assert queries.cost_percent(supplier=cloud, on=SPRING) == Decimal("62.5")
        assert isinstance(queries.adapter_for(supplier=cloud), OsbAdapter)
