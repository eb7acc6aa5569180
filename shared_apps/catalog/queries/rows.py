"""What a read of the catalogue gives back, and the one statement by which an offer is read whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from shared_apps.catalog.enums import PlanKind
from shared_apps.catalog.words import Understood
from shared_apps.suppliers.enums import HubBasis

_STEP = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class PlanPrice:
    public_id: UUID
    kind: str
    list_hourly: Decimal  # yuan per instance and hour
    per_gpu_hourly: Decimal | None  # yuan per card and hour


@dataclass(frozen=True, slots=True)
class OfferRow:
    """One offer as a page shows it. `buyable` says whether it may be sold at the moment asked about."""

    public_id: UUID
    sku: str
    name: str
    state: str
    buyable: bool
    supplier_id: UUID
    supplier_slug: str
    supplier_name: str
    hub_code: str | None
    hub_name: str | None
    hub_basis: str
    gpu_code: str | None
    gpu_name: str | None
    gpu_form: str
    gpu_vendor: str
    gpu_architecture: str
    gpu_fp32_tflops: Decimal | None
    gpu_count: int
    memory_each_gb: int
    memory_total_gb: int
    vcpu: int | None
    vcpu_most: int | None
    ram_gb: Decimal | None
    ram_gb_most: Decimal | None
    on_demand: PlanPrice | None
    spot: PlanPrice | None
    monthly: PlanPrice | None
    postpaid: PlanPrice | None

    @property
    def title(self) -> str:
        """The machine in one line, whatever its supplier calls it."""
        if self.gpu_name is None:
            return "CPU"
        form = f" {self.gpu_form}" if self.gpu_form else ""
        return f"{self.gpu_name}{form} {self.memory_each_gb} GB × {self.gpu_count}"

    @property
    def hub_is_demo(self) -> bool:
        return self.hub_basis == HubBasis.DEMO

    @property
    def fp32_total_tflops(self) -> Decimal | None:
        return self.gpu_fp32_tflops * self.gpu_count if self.gpu_fp32_tflops is not None else None

    def plan(self, kind: str) -> PlanPrice | None:
        ways = {
            PlanKind.SPOT: self.spot,
            PlanKind.MONTHLY: self.monthly,
            PlanKind.POSTPAID: self.postpaid,
        }
        return ways.get(PlanKind(kind), self.on_demand)


@dataclass(frozen=True, slots=True)
class Facet:
    value: str | int
    label: str
    count: int
    selected: bool


@dataclass(frozen=True, slots=True)
class Facets:
    """Every choice with the number of offers it would show; a facet ignores its own filter only."""

    gpu_models: tuple[Facet, ...] = ()
    gpu_counts: tuple[Facet, ...] = ()
    memories: tuple[Facet, ...] = ()  # a card's own memory, GB
    suppliers: tuple[Facet, ...] = ()
    hubs: tuple[Facet, ...] = ()
    price_min: Decimal | None = None  # list price per hour, the price filter ignored
    price_max: Decimal | None = None
    spot: int = 0  # how many of the total can be had as spot


@dataclass(frozen=True, slots=True)
class OfferPage:
    rows: tuple[OfferRow, ...]
    total: int
    page: int
    per_page: int
    facets: Facets
    understood: Understood = field(default_factory=Understood)

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.per_page))

    @property
    def has_previous(self) -> bool:
        return self.page > 1

    @property
    def has_next(self) -> bool:
        return self.page < self.pages


OFFER_COLUMNS = """
SELECT o.public_id, o.sku, o.name, o.state, s.public_id AS supplier_id, s.slug AS supplier_slug,
       coalesce(nullif(s.name_zh, ''), s.name) AS supplier_name,
       h.code AS hub_code, h.name AS hub_name, s.hub_basis,
       g.code AS gpu_code, g.name AS gpu_name, coalesce(g.form, '') AS gpu_form,
       coalesce(g.vendor, '') AS gpu_vendor, coalesce(g.architecture, '') AS gpu_architecture,
       g.fp32_tflops AS gpu_fp32_tflops, o.gpu_count, coalesce(g.memory_gb, 0) AS memory_each_gb,
       o.gpu_memory_gb AS memory_total_gb, o.vcpu, o.vcpu_most, o.ram_gb, o.ram_gb_most,
       d.public_id AS on_demand_id, dp.list_hourly AS on_demand_hourly,
       c.public_id AS spot_id, cp.list_hourly AS spot_hourly,
       m.public_id AS monthly_id, mp.list_hourly AS monthly_hourly,
       q.public_id AS postpaid_id, qp.list_hourly AS postpaid_hourly,
       o.state = 'ACTIVE' AND s.state = 'ACTIVE' AND EXISTS (
           SELECT 1 FROM suppliers_sellingwindow w WHERE w.supplier_id = s.id AND w.during @> %(day)s::date
       ) AS sold
"""
OFFER_TABLES = """
  JOIN suppliers_supplier s ON s.id = o.supplier_id
  LEFT JOIN suppliers_hub h ON h.id = s.hub_id
  LEFT JOIN catalog_gpumodel g ON g.id = o.gpu_model_id
  LEFT JOIN catalog_plan d ON d.offering_id = o.id AND d.kind = 'ON_DEMAND' AND d.state = 'ACTIVE'
  LEFT JOIN catalog_price dp ON dp.plan_id = d.id
       AND dp.starts_at <= %(at)s AND (dp.ends_at > %(at)s OR dp.ends_at IS NULL)
  LEFT JOIN catalog_plan c ON c.offering_id = o.id AND c.kind = 'SPOT' AND c.state = 'ACTIVE'
  LEFT JOIN catalog_price cp ON cp.plan_id = c.id
       AND cp.starts_at <= %(at)s AND (cp.ends_at > %(at)s OR cp.ends_at IS NULL)
  LEFT JOIN catalog_plan m ON m.offering_id = o.id AND m.kind = 'MONTHLY' AND m.state = 'ACTIVE'
  LEFT JOIN catalog_price mp ON mp.plan_id = m.id
       AND mp.starts_at <= %(at)s AND (mp.ends_at > %(at)s OR mp.ends_at IS NULL)
  LEFT JOIN catalog_plan q ON q.offering_id = o.id AND q.kind = 'POSTPAID' AND q.state = 'ACTIVE'
  LEFT JOIN catalog_price qp ON qp.plan_id = q.id
       AND qp.starts_at <= %(at)s AND (qp.ends_at > %(at)s OR qp.ends_at IS NULL)
"""


def moment(at: datetime) -> dict[str, Any]:
    """The parameters that every statement takes: the moment, and the day it is in China."""
    return {"at": at, "day": timezone.localdate(at)}


def fetch(statement: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def offer_row(found: dict[str, Any]) -> OfferRow:
    on_demand = _plan(
        PlanKind.ON_DEMAND,
        found["gpu_count"],
        found.pop("on_demand_id"),
        found.pop("on_demand_hourly"),
    )
    spot = _plan(PlanKind.SPOT, found["gpu_count"], found.pop("spot_id"), found.pop("spot_hourly"))
    monthly = _plan(
        PlanKind.MONTHLY, found["gpu_count"], found.pop("monthly_id"), found.pop("monthly_hourly")
    )
    postpaid = _plan(
        PlanKind.POSTPAID,
        found["gpu_count"],
        found.pop("postpaid_id"),
        found.pop("postpaid_hourly"),
    )
    sold = found.pop("sold")
    return OfferRow(
        **found,
        on_demand=on_demand,
        spot=spot,
        monthly=monthly,
        postpaid=postpaid,
        buyable=sold and on_demand is not None,
    )


def _plan(kind: str, gpus: int, public_id: UUID | None, hourly: Decimal | None) -> PlanPrice | None:
    if public_id is None or hourly is None:
        return None
    each = (hourly / gpus).quantize(_STEP, ROUND_HALF_UP) if gpus else None
    return PlanPrice(public_id=public_id, kind=kind, list_hourly=hourly, per_gpu_hourly=each)
