"""The catalogue as this shop sells it: list prices become the shop's own, per hour and to the fen.

Filters by price speak of shop prices; the catalogue knows list prices only, so the ends of a filter
are translated such that exactly the offers whose shown price lies inside are found.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal
from uuid import UUID

from billing.pricing import queries as retail
from shared_apps.catalog import queries as catalog
from shared_apps.catalog.enums import Sort
from shared_apps.catalog.queries import Comparison, Facets, Fact, OfferRow, PlanPrice
from shared_apps.catalog.words import Understood, understand
from shared_apps.kernel.money import Money

PRICED_FACTS = frozenset({"hourly", "per_gpu", "per_tflops", "spot"})
_FEN = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class ShelfPlan:
    """A way of buying an offer. `hourly` is what is multiplied and charged; the other is for comparing."""

    public_id: UUID
    kind: str
    hourly: Money
    per_gpu_hourly: Money | None


@dataclass(frozen=True, slots=True)
class ShelfOffer:
    row: OfferRow
    on_demand: ShelfPlan | None
    spot: ShelfPlan | None
    monthly: ShelfPlan | None
    postpaid: ShelfPlan | None

    @property
    def plans(self) -> list[ShelfPlan]:
        ways = (self.on_demand, self.monthly, self.postpaid, self.spot)
        return [plan for plan in ways if plan is not None]


@dataclass(frozen=True, slots=True)
class Shelf:
    """A page of offers. The ends of the prices are shop prices, the price filter itself ignored."""

    items: tuple[ShelfOffer, ...]
    total: int
    page: int
    pages: int
    per_page: int
    facets: Facets
    price_min: Money | None
    price_max: Money | None
    understood: Understood


def find(
    *,
    at: datetime,
    text: str = "",
    gpu_models: Collection[str] = (),
    gpu_counts: Collection[int] = (),
    memory_min: int | None = None,
    memory_max: int | None = None,
    price_min: Money | None = None,
    price_max: Money | None = None,
    suppliers: Collection[str] = (),
    hubs: Collection[str] = (),
    spot: bool = False,
    sort: str = Sort.PER_GPU,
    page: int = 1,
    per_page: int = 24,
) -> Shelf:
    """What this shop sells at a moment, filtered by its own prices per instance and hour. Four queries.

    A budget in the text (“1 万元/月”) is the upper end of the prices unless one is given.
    """
    percent = retail.retail_percent(at=at)
    budget = understand(text).budget_hourly
    if price_max is None and budget is not None:
        price_max = Money.of(budget.quantize(_FEN, ROUND_FLOOR))
    found = catalog.find_offers(
        at=at,
        text=text,
        gpu_models=gpu_models,
        gpu_counts=gpu_counts,
        memory_min=memory_min,
        memory_max=memory_max,
        price_min=retail.cheapest_listed(price_min, percent) if price_min is not None else None,
        price_max=retail.dearest_listed(price_max, percent) if price_max is not None else None,
        suppliers=suppliers,
        hubs=hubs,
        spot=spot,
        sort=sort,
        page=page,
        per_page=per_page,
    )
    low, high = found.facets.price_min, found.facets.price_max
    return Shelf(
        items=tuple(_shelved(row, percent) for row in found.rows),
        total=found.total,
        page=found.page,
        pages=found.pages,
        per_page=found.per_page,
        facets=found.facets,
        price_min=retail.hourly(low, percent) if low is not None else None,
        price_max=retail.hourly(high, percent) if high is not None else None,
        understood=found.understood,
    )


def offer(*, public_id: UUID, at: datetime) -> ShelfOffer:
    """One offer, also when it is no longer sold (`row.buyable` says so). Two queries."""
    return _shelved(catalog.offer(public_id=public_id, at=at), retail.retail_percent(at=at))


def compare(*, public_ids: Sequence[UUID], at: datetime) -> tuple[list[ShelfOffer], list[Fact]]:
    """Up to four offers side by side, and their facts at this shop's prices. Two queries."""
    found: Comparison = catalog.compare(public_ids=public_ids, at=at)
    percent = retail.retail_percent(at=at)
    facts = [_priced(fact, percent) if fact.key in PRICED_FACTS else fact for fact in found.facts]
    return [_shelved(row, percent) for row in found.offers], facts


def _shelved(row: OfferRow, percent: Decimal) -> ShelfOffer:
    return ShelfOffer(
        row,
        _plan(row.on_demand, row.gpu_count, percent),
        _plan(row.spot, row.gpu_count, percent),
        _plan(row.monthly, row.gpu_count, percent),
        _plan(row.postpaid, row.gpu_count, percent),
    )


def _plan(plan: PlanPrice | None, gpus: int, percent: Decimal) -> ShelfPlan | None:
    if plan is None:
        return None
    return ShelfPlan(
        public_id=plan.public_id,
        kind=plan.kind,
        hourly=retail.hourly(plan.list_hourly, percent),
        per_gpu_hourly=retail.hourly(plan.list_hourly / gpus, percent) if gpus else None,
    )


def _priced(fact: Fact, percent: Decimal) -> Fact:
    """A comparison's list prices as this shop's; which is best stays as it is."""
    values = tuple(
        retail.hourly(value, percent).decimal if isinstance(value, Decimal) else value
        for value in fact.values
    )
    return replace(fact, values=values)
