"""Finding offers: one statement reads the directory, one chooses and counts, one reads the chosen.

A filter takes any of its values; filters, and the words of the text, must all hold. Each facet
ignores its own filter only, so that it says what choosing another value would show.

Suppliers, hubs and cards are few and offers are many: the few are read first and stand in the large
statement as keys. Behind row policies PostgreSQL estimates joins and ranges blindly; of keys and
moments it has statistics.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import Any

from shared_apps.catalog.enums import PlanKind, Sort
from shared_apps.catalog.words import understand

from .directory import Asked, Directory
from .rows import (
    OFFER_COLUMNS,
    OFFER_TABLES,
    Facets,
    OfferPage,
    OfferRow,
    fetch,
    moment,
    offer_row,
)

MOST_PER_PAGE = 100
_MOST_PRICE = Decimal(10**12)

# What is on sale and answers the text, with one column per filter that says whether it is met.
_CANDIDATES = """
WITH candidate AS MATERIALIZED (
    SELECT o.id, o.gpu_model_id, o.gpu_count, o.gpu_memory_gb, o.supplier_id, p.list_hourly AS price,
           x.id IS NOT NULL AS has_spot,
           {by_model} AS by_model,
           {by_count} AS by_count,
           {by_memory} AS by_memory,
           {by_supplier} AS by_supplier,
           {by_hub} AS by_hub,
           p.list_hourly >= %(price_min)s AND p.list_hourly <= %(price_max)s AS by_price
      FROM catalog_offering o
      JOIN catalog_plan n ON n.offering_id = o.id AND n.kind = %(kind)s AND n.state = 'ACTIVE'
      JOIN catalog_price p ON p.plan_id = n.id
           AND p.starts_at <= %(at)s AND (p.ends_at > %(at)s OR p.ends_at IS NULL)
      LEFT JOIN catalog_plan x ON x.offering_id = o.id AND x.kind = 'SPOT' AND x.state = 'ACTIVE'
     WHERE o.state = 'ACTIVE' AND o.supplier_id = ANY(%(selling)s) AND {text}
)
SELECT grouping(gpu_model_id, gpu_count, supplier_id) AS facet, gpu_model_id, gpu_count, supplier_id,
       count(*) FILTER (WHERE by_count AND by_memory AND by_supplier AND by_hub AND by_price) AS for_model,
       count(*) FILTER (WHERE by_model AND by_memory AND by_supplier AND by_hub AND by_price) AS for_count,
       count(*) FILTER (WHERE by_model AND by_count AND by_supplier AND by_hub AND by_price) AS for_memory,
       count(*) FILTER (WHERE by_model AND by_count AND by_memory AND by_hub AND by_price) AS for_supplier,
       count(*) FILTER (WHERE by_model AND by_count AND by_memory AND by_supplier AND by_price) AS for_hub,
       count(*) FILTER (WHERE {all} AND by_price) AS total,
       count(*) FILTER (WHERE {all} AND by_price AND has_spot) AS spot,
       min(price) FILTER (WHERE {all}) AS price_min,
       max(price) FILTER (WHERE {all}) AS price_max,
       ARRAY(SELECT id FROM candidate WHERE {all} AND by_price
              ORDER BY {order} LIMIT %(limit)s OFFSET %(offset)s) AS chosen
  FROM candidate
 GROUP BY GROUPING SETS ((gpu_model_id), (gpu_count), (supplier_id), ())
"""
_ALL = "by_model AND by_count AND by_memory AND by_supplier AND by_hub"
_ORDER = {
    Sort.PER_GPU: "price / nullif(gpu_count, 0) NULLS LAST, price, id",
    Sort.PRICE: "price, id",
    Sort.PRICE_DESC: "price DESC, id",
    Sort.MEMORY_DESC: "gpu_memory_gb DESC, price, id",
    Sort.GPUS_DESC: "gpu_count DESC, price, id",
}


def find_offers(
    *,
    at: datetime,
    text: str = "",
    gpu_models: Collection[str] = (),
    gpu_counts: Collection[int] = (),
    memory_min: int | None = None,
    memory_max: int | None = None,
    price_min: Decimal | None = None,
    price_max: Decimal | None = None,
    suppliers: Collection[str] = (),
    hubs: Collection[str] = (),
    spot: bool = False,
    sort: str = Sort.PER_GPU,
    page: int = 1,
    per_page: int = 24,
) -> OfferPage:
    """A page of what is on sale at a moment, with facets and total. Three queries.

    Memory is a card's own, in GB; prices are list prices per instance and hour, both ends included,
    of the spot plan where `spot` is asked for. Suppliers go by slug, hubs by code, models by code. A
    page beyond the last gives the last, and costs a query more.
    """
    understood = understand(text)
    per_page = min(max(per_page, 1), MOST_PER_PAGE)
    page = min(max(page, 1), 10**6)
    if understood.nothing:
        return OfferPage((), 0, 1, per_page, Facets(), understood)
    asked = Asked(
        gpu_models=frozenset(gpu_models),
        gpu_counts=frozenset(gpu_counts),
        memory_min=memory_min if memory_min is not None else 0,
        memory_max=memory_max,
        suppliers=frozenset(suppliers),
        hubs=frozenset(hubs),
    )
    directory = Directory.read(at)
    keys = directory.keys(asked)
    parameters: dict[str, Any] = moment(at) | {
        "kind": (PlanKind.SPOT if spot else PlanKind.ON_DEMAND).value,
        "selling": directory.selling,
        "price_min": price_min if price_min is not None else Decimal(0),
        "price_max": price_max if price_max is not None else _MOST_PRICE,
        "words": understood.tsquery(),
        "limit": per_page,
        **keys.parameters,
    }
    statement = _CANDIDATES.format(
        text="o.search @@ %(words)s::tsquery" if understood.terms else "true",
        all=_ALL,
        order=_ORDER[Sort(sort)],
        **keys.predicates,
    )
    counted = fetch(statement, parameters | {"offset": (page - 1) * per_page})
    facets, total = directory.facets(counted, asked)
    last = max(1, -(-total // per_page))
    if page > last:
        page = last
        counted = fetch(statement, parameters | {"offset": (page - 1) * per_page})
    chosen: list[int] = counted[0]["chosen"]
    return OfferPage(
        _rows(chosen, parameters) if chosen else (), total, page, per_page, facets, understood
    )


def _rows(ids: list[int], parameters: dict[str, Any]) -> tuple[OfferRow, ...]:
    statement = f"""{OFFER_COLUMNS} FROM catalog_offering o {OFFER_TABLES}
        WHERE o.id = ANY(%(ids)s) ORDER BY array_position(%(ids)s::bigint[], o.id)"""
    return tuple(offer_row(row) for row in fetch(statement, parameters | {"ids": ids}))
