"""One offer, a few side by side, and what a plan costs and has cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.utils.translation import gettext as _

from shared_apps.catalog.errors import OfferNotFound, PriceMissing, TooManyToCompare
from shared_apps.catalog.models import FxRate, ImportRun, Plan, Price
from shared_apps.suppliers.models import Supplier
from shared_apps.suppliers.names import spoken

from .rows import OFFER_COLUMNS, OFFER_TABLES, OfferRow, PlanPrice, fetch, moment, offer_row

MOST_COMPARED = 4


@dataclass(frozen=True, slots=True)
class Fact:
    """One row of a comparison: a value per offer, whether they differ, and which is best, if any is."""

    key: str
    label: str
    unit: str
    values: tuple[str | int | Decimal | None, ...]
    best: tuple[bool, ...]

    @property
    def differs(self) -> bool:
        return len(set(self.values)) > 1


@dataclass(frozen=True, slots=True)
class Comparison:
    offers: tuple[OfferRow, ...]
    facts: tuple[Fact, ...]


def offer(*, public_id: UUID, at: datetime) -> OfferRow:
    """One offer as of a moment, also when it is no longer sold (`buyable` says so). One query."""
    found = _offers([public_id], at)
    if not found:
        raise OfferNotFound()
    return found[0]


def offer_of_plan(*, plan_id: UUID, at: datetime) -> tuple[OfferRow, PlanPrice]:
    """The offer that a plan buys, with that plan's price at a moment. One query."""
    statement = f"""{OFFER_COLUMNS} FROM catalog_plan asked
        JOIN catalog_offering o ON o.id = asked.offering_id {OFFER_TABLES}
        WHERE asked.public_id = %(plan)s"""
    found = fetch(statement, moment(at) | {"plan": plan_id})
    if not found:
        raise OfferNotFound()
    row = offer_row(found[0])
    for plan in (row.on_demand, row.spot, row.monthly, row.postpaid):
        if plan is not None and plan.public_id == plan_id:
            return row, plan
    raise PriceMissing()


def compare(*, public_ids: Sequence[UUID], at: datetime) -> Comparison:
    """Up to four offers side by side, in the order asked for; what is not there is left out. One query."""
    wanted = list(dict.fromkeys(public_ids))
    if len(wanted) > MOST_COMPARED:
        raise TooManyToCompare(most=MOST_COMPARED)
    offers = tuple(_offers(wanted, at))
    return Comparison(offers=offers, facts=_facts(offers) if offers else ())


def _offers(public_ids: Sequence[UUID], at: datetime) -> list[OfferRow]:
    statement = f"""{OFFER_COLUMNS} FROM catalog_offering o {OFFER_TABLES}
        WHERE o.public_id = ANY(%(ids)s) ORDER BY array_position(%(ids)s::uuid[], o.public_id)"""
    return [offer_row(row) for row in fetch(statement, moment(at) | {"ids": list(public_ids)})]


def _facts(offers: Sequence[OfferRow]) -> tuple[Fact, ...]:
    hourly = [o.on_demand.list_hourly if o.on_demand else None for o in offers]
    per_gpu = [o.on_demand.per_gpu_hourly if o.on_demand else None for o in offers]
    spot = [o.spot.list_hourly if o.spot else None for o in offers]
    tflops = [o.fp32_total_tflops for o in offers]
    per_tflops = [
        round(price / power, 6) if price is not None and power else None
        for price, power in zip(hourly, tflops, strict=True)
    ]
    return (
        _fact("gpu", _("GPU 型号"), "", [o.gpu_name for o in offers]),
        _fact("architecture", _("架构"), "", [o.gpu_architecture or None for o in offers]),
        _fact("gpu_count", _("卡数"), _("张"), [o.gpu_count for o in offers], more=True),
        _fact(
            "memory_each",
            _("单卡显存"),
            "GB",
            [o.memory_each_gb or None for o in offers],
            more=True,
        ),
        _fact(
            "memory_total",
            _("总显存"),
            "GB",
            [o.memory_total_gb or None for o in offers],
            more=True,
        ),
        _fact("fp32", _("FP32 算力（厂商标称）"), "TFLOPS", tflops, more=True),
        _fact("vcpu", "vCPU", _("核"), [o.vcpu for o in offers], more=True),
        _fact("ram", _("内存"), "GB", [o.ram_gb for o in offers], more=True),
        _fact("hourly", _("按需价"), _("元/小时"), hourly, more=False),
        _fact("per_gpu", _("单卡价"), _("元/卡·小时"), per_gpu, more=False),
        _fact("per_tflops", _("每 TFLOPS 价"), _("元/小时"), per_tflops, more=False),
        _fact("spot", _("竞价"), _("元/小时"), spot, more=False),
        _fact("supplier", _("供应商"), "", [spoken(o.supplier_name) for o in offers]),
        _fact("hub", _("枢纽节点"), "", [spoken(o.hub_name) or None for o in offers]),
    )


def _fact(
    key: str,
    label: str,
    unit: str,
    values: Sequence[str | int | Decimal | None],
    *,
    more: bool | None = None,
) -> Fact:
    """`more` says whether more is better (True) or less (False); None: no value is better."""
    numbers = [Decimal(value) for value in values if isinstance(value, int | Decimal)]
    best: Decimal | None = None
    if more is not None and len(set(numbers)) > 1:
        best = max(numbers) if more else min(numbers)
    return Fact(
        key=key,
        label=label,
        unit=unit,
        values=tuple(values),
        best=tuple(best is not None and value == best for value in values),
    )


def current_price(*, plan: Plan, at: datetime) -> Price:
    found = Price.objects.filter(plan=plan, effective__contains=at).first()
    if found is None:
        raise PriceMissing()
    return found


def price_history(*, plan: Plan) -> list[Price]:
    """Every price a plan has had, newest first, each with the rate that it was made with."""
    return list(Price.objects.select_related("fx_rate").filter(plan=plan).order_by("-effective"))


def plans_of(*, supplier: Supplier) -> list[Plan]:
    """What a supplier sells, as its broker is to know it: plans with offering and card. One query."""
    return list(
        Plan.objects.select_related("offering__gpu_model")
        .filter(offering__supplier=supplier)
        .order_by("offering__sku", "kind")
    )


def fx_rates() -> list[FxRate]:
    return list(FxRate.objects.all())


def import_runs(*, most: int = 20) -> list[ImportRun]:
    return list(ImportRun.objects.select_related("fx_rate")[:most])
