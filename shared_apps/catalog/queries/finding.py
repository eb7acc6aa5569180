"""Finding offers: one statement for the page, one for the facets and the total.

A filter takes any of its values; filters, and the words of the text, must all hold. Each facet
ignores its own filter only, so that it says what choosing another value would show.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import Any

from shared_apps.catalog.enums import PlanKind, Sort
from shared_apps.catalog.words import understand

from .rows import (
    OFFER_COLUMNS,
    OFFER_TABLES,
    Facet,
    Facets,
    OfferPage,
    OfferRow,
    fetch,
    moment,
    offer_row,
)

MOST_PER_PAGE = 100

# What is on sale and answers the text, with one column per filter that says whether it is met.
_CANDIDATES = """
WITH selling AS MATERIALIZED (
    SELECT s.id, s.slug, coalesce(nullif(s.name_zh, ''), s.name) AS name, s.sort_key,
           h.code AS hub, h.name AS hub_name, h.position AS hub_position
      FROM suppliers_supplier s
      LEFT JOIN suppliers_hub h ON h.id = s.hub_id
     WHERE s.state = 'ACTIVE' AND EXISTS (
           SELECT 1 FROM suppliers_sellingwindow w WHERE w.supplier_id = s.id AND w.during @> %(day)s::date)
), candidate AS MATERIALIZED (
    SELECT o.id, o.gpu_count, o.gpu_memory_gb, p.list_hourly AS price,
           g.code AS gpu_model, g.name AS gpu_name, coalesce(g.memory_gb, 0) AS memory,
           s.slug AS supplier, s.name AS supplier_name, s.sort_key, s.hub, s.hub_name, s.hub_position,
           EXISTS (SELECT 1 FROM catalog_plan x
                    WHERE x.offering_id = o.id AND x.kind = 'SPOT' AND x.state = 'ACTIVE') AS has_spot,
           (%(gpu_models)s::text[] IS NULL OR g.code = ANY(%(gpu_models)s)) IS TRUE AS by_model,
           (%(gpu_counts)s::int[] IS NULL OR o.gpu_count = ANY(%(gpu_counts)s)) AS by_count,
           coalesce(g.memory_gb, 0) BETWEEN %(memory_min)s AND %(memory_max)s AS by_memory,
           (%(suppliers)s::text[] IS NULL OR s.slug = ANY(%(suppliers)s)) AS by_supplier,
           (%(hubs)s::text[] IS NULL OR s.hub = ANY(%(hubs)s)) IS TRUE AS by_hub,
           p.list_hourly >= %(price_min)s AND p.list_hourly <= %(price_max)s AS by_price
      FROM catalog_offering o
      JOIN selling s ON s.id = o.supplier_id
      JOIN catalog_plan n ON n.offering_id = o.id AND n.kind = %(kind)s AND n.state = 'ACTIVE'
      JOIN catalog_price p ON p.plan_id = n.id AND p.effective @> %(at)s::timestamptz
      LEFT JOIN catalog_gpumodel g ON g.id = o.gpu_model_id
     WHERE o.state = 'ACTIVE' AND {text}
)
"""
_ALL = "by_model AND by_count AND by_memory AND by_supplier AND by_hub AND by_price"
_COUNTS = f"""
SELECT grouping(gpu_model, gpu_count, memory, supplier, hub) AS facet,
       gpu_model, min(gpu_name) AS gpu_name, gpu_count, memory,
       supplier, min(supplier_name) AS supplier_name, min(sort_key) AS sort_key,
       hub, min(hub_name) AS hub_name, min(hub_position) AS hub_position,
       count(*) FILTER (WHERE by_count AND by_memory AND by_supplier AND by_hub AND by_price) AS for_model,
       count(*) FILTER (WHERE by_model AND by_memory AND by_supplier AND by_hub AND by_price) AS for_count,
       count(*) FILTER (WHERE by_model AND by_count AND by_supplier AND by_hub AND by_price) AS for_memory,
       count(*) FILTER (WHERE by_model AND by_count AND by_memory AND by_hub AND by_price) AS for_supplier,
       count(*) FILTER (WHERE by_model AND by_count AND by_memory AND by_supplier AND by_price) AS for_hub,
       count(*) FILTER (WHERE {_ALL}) AS total,
       count(*) FILTER (WHERE {_ALL} AND has_spot) AS spot,
       min(price) FILTER (WHERE by_model AND by_count AND by_memory AND by_supplier AND by_hub) AS price_min,
       max(price) FILTER (WHERE by_model AND by_count AND by_memory AND by_supplier AND by_hub) AS price_max
  FROM candidate
 GROUP BY GROUPING SETS ((gpu_model), (gpu_count), (memory), (supplier), (hub), ())
"""  # noqa: S608  fixed fragments
# The bits of grouping(): a bit is 0 where the column is the one grouped by.
_MODEL, _COUNT, _MEMORY, _SUPPLIER, _HUB, _NOTHING = (
    0b01111,
    0b10111,
    0b11011,
    0b11101,
    0b11110,
    0b11111,
)

_ORDER = {
    Sort.PER_GPU: "price / nullif(gpu_count, 0) NULLS LAST, price, id",
    Sort.PRICE: "price, id",
    Sort.PRICE_DESC: "price DESC, id",
    Sort.MEMORY_DESC: "gpu_memory_gb DESC, price, id",
    Sort.GPUS_DESC: "gpu_count DESC, price, id",
}
_MOST_PRICE = Decimal(10**12)
_MOST_MEMORY = 2**31 - 1


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
    """A page of what is on sale at a moment, with facets and total. Two queries.

    Memory is a card's own, in GB; prices are list prices per instance and hour, both ends included,
    of the spot plan where `spot` is asked for. Suppliers go by slug, hubs by code, models by code. A
    page beyond the last gives the last.
    """
    understood = understand(text)
    per_page = min(max(per_page, 1), MOST_PER_PAGE)
    if understood.nothing:
        return OfferPage((), 0, 1, per_page, Facets(), understood)
    parameters: dict[str, Any] = moment(at) | {
        "kind": (PlanKind.SPOT if spot else PlanKind.ON_DEMAND).value,
        "gpu_models": list(gpu_models) or None,
        "gpu_counts": list(gpu_counts) or None,
        "memory_min": memory_min if memory_min is not None else 0,
        "memory_max": memory_max if memory_max is not None else _MOST_MEMORY,
        "price_min": price_min if price_min is not None else Decimal(0),
        "price_max": price_max if price_max is not None else _MOST_PRICE,
        "suppliers": list(suppliers) or None,
        "hubs": list(hubs) or None,
        "words": understood.tsquery(),
    }
    candidates = _CANDIDATES.format(
        text="o.search @@ %(words)s::tsquery" if understood.terms else "true"
    )
    counted = fetch(candidates + _COUNTS, parameters)
    facets, total = _facets(counted, parameters)
    page = min(max(page, 1), max(1, -(-total // per_page)))
    rows = _page(candidates, parameters, sort, per_page, (page - 1) * per_page) if total else ()
    return OfferPage(rows, total, page, per_page, facets, understood)


def _page(
    candidates: str, parameters: dict[str, Any], sort: str, limit: int, offset: int
) -> tuple[OfferRow, ...]:
    order = _ORDER[Sort(sort)]
    statement = f"""{candidates}, chosen AS MATERIALIZED (
        SELECT id, row_number() OVER (ORDER BY {order}) AS place FROM candidate WHERE {_ALL}
         ORDER BY place LIMIT %(limit)s OFFSET %(offset)s
    ) {OFFER_COLUMNS} FROM chosen JOIN catalog_offering o ON o.id = chosen.id {OFFER_TABLES} ORDER BY place"""  # noqa: S608  fixed fragments
    found = fetch(statement, parameters | {"limit": limit, "offset": offset})
    return tuple(offer_row(row) for row in found)


def _facets(counted: list[dict[str, Any]], asked: dict[str, Any]) -> tuple[Facets, int]:
    def facet(
        bits: int, value: str, count: str, label: str, chosen: Collection[Any]
    ) -> list[Facet]:
        return [
            Facet(row[value], str(row[label]), row[count], row[value] in chosen)
            for row in counted
            if row["facet"] == bits
            and row[value] is not None
            and (row[count] or row[value] in chosen)
        ]

    places = {row["hub"]: row["hub_position"] for row in counted if row["facet"] == _HUB}
    spelled = {row["supplier"]: row["sort_key"] for row in counted if row["facet"] == _SUPPLIER}
    models = facet(_MODEL, "gpu_model", "for_model", "gpu_name", asked["gpu_models"] or ())
    counts = facet(_COUNT, "gpu_count", "for_count", "gpu_count", asked["gpu_counts"] or ())
    memories = facet(_MEMORY, "memory", "for_memory", "memory", ())
    suppliers = facet(
        _SUPPLIER, "supplier", "for_supplier", "supplier_name", asked["suppliers"] or ()
    )
    hubs = facet(_HUB, "hub", "for_hub", "hub_name", asked["hubs"] or ())
    everything = next(row for row in counted if row["facet"] == _NOTHING)
    found = Facets(
        gpu_models=tuple(sorted(models, key=lambda f: (-f.count, f.label))),
        gpu_counts=tuple(sorted(counts, key=lambda f: f.value)),
        memories=tuple(sorted(memories, key=lambda f: f.value)),
        suppliers=tuple(sorted(suppliers, key=lambda f: spelled[f.value])),
        hubs=tuple(sorted(hubs, key=lambda f: places[f.value])),
        price_min=everything["price_min"],
        price_max=everything["price_max"],
        spot=everything["spot"],
    )
    return found, everything["total"]
