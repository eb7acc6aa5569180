"""Price files, real and made up, and when they come in."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from shared_apps.catalog import services as catalog
from shared_apps.catalog.importing.report import ImportReport
from shared_apps.catalog.importing.run import import_offers
from shared_apps.suppliers import queries, services
from shared_apps.suppliers.enums import HubBasis
from shared_apps.suppliers.models import Supplier

FILE = Path(__file__).parents[3] / "shared_apps" / "catalog" / "data" / "cloud-gpus.csv"
OPENED = datetime(2026, 2, 1, 1, tzinfo=UTC)
LATER = datetime(2026, 3, 1, 1, tzinfo=UTC)
RATE = Decimal("7.10")
HEADER = "Cloud,GPU Type,GPU Arch,GPUs,GPU RAM,vCPUs,RAM,On-demand,Per-GPU,Spot,Name"


def file_of(*rows: str) -> bytes:
    return "\n".join([HEADER, *rows, ""]).encode()


def bring_in(data: bytes, *, at: datetime = OPENED, **options: object) -> ImportReport:
    return import_offers(data=data, file_name="offers.csv", at=at, **options)  # type: ignore[arg-type]


def sells(supplier: Supplier, hub: str) -> None:
    services.assign_hub(supplier=supplier, hub_code=hub, basis=HubBasis.DEMO)
    draft = services.draft_agreement(
        supplier=supplier, cost_percent=Decimal("62.5"), starts_on=OPENED.date(), at=OPENED
    )
    services.activate_agreement(agreement=draft)
    catalog.reindex(supplier=queries.supplier(slug=supplier.slug))
