"""The few that offers hang on: suppliers on sale with their hubs, and cards; and counts by them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .rows import Facet, Facets, fetch, moment

_DIRECTORY = """
SELECT 'supplier' AS what, s.id, s.slug AS code, coalesce(nullif(s.name_zh, ''), s.name) AS name,
       s.sort_key, 0 AS memory, h.code AS hub, h.name AS hub_name, h.position AS hub_position
  FROM suppliers_supplier s
  LEFT JOIN suppliers_hub h ON h.id = s.hub_id
 WHERE s.state = 'ACTIVE' AND EXISTS (
       SELECT 1 FROM suppliers_sellingwindow w WHERE w.supplier_id = s.id AND w.during @> %(day)s::date)
UNION ALL
SELECT 'card', g.id, g.code, g.name, '', g.memory_gb, NULL, NULL, NULL FROM catalog_gpumodel g
"""
# The bits of grouping(gpu_model_id, gpu_count, supplier_id): 0 where the column is grouped by.
_BY_CARD, _BY_COUNT, _BY_SUPPLIER, _BY_NOTHING = 0b011, 0b101, 0b110, 0b111

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """The filters; an empty one asks for nothing."""

    gpu_models: frozenset[str]
    gpu_counts: frozenset[int]
    memory_min: int
    memory_max: int | None
    suppliers: frozenset[str]
    hubs: frozenset[str]

    def memory(self, gb: int) -> bool:
        return gb >= self.memory_min and (self.memory_max is None or gb <= self.memory_max)


@dataclass(frozen=True, slots=True)
class Keys:
    """The filters as conditions on keys: SQL by name, and what it takes."""

    predicates: Mapping[str, str]
    parameters: Mapping[str, list[int]]


class Directory:
    def __init__(self, rows: list[Row]) -> None:
        self._suppliers = {row["id"]: row for row in rows if row["what"] == "supplier"}
        self._cards = {row["id"]: row for row in rows if row["what"] == "card"}

    @classmethod
    def read(cls, at: datetime) -> Directory:
        """What is there at a moment. One query."""
        return cls(fetch(_DIRECTORY, moment(at)))

    @property
    def selling(self) -> list[int]:
        return list(self._suppliers)

    def keys(self, asked: Asked) -> Keys:
        parameters: dict[str, list[int]] = {
            "models": [k for k, card in self._cards.items() if card["code"] in asked.gpu_models],
            "counts": list(asked.gpu_counts),
            "memories": [k for k, card in self._cards.items() if asked.memory(card["memory"])],
            "suppliers": [k for k, s in self._suppliers.items() if s["code"] in asked.suppliers],
            "hubs": [k for k, s in self._suppliers.items() if s["hub"] in asked.hubs],
        }
        # A machine without cards has no memory; it is left out by any model, and by a least memory.
        memory = "(o.gpu_model_id = ANY(%(memories)s)) IS TRUE"
        if asked.memory(0):
            memory = f"({memory} OR o.gpu_model_id IS NULL)"
        predicates = {
            "by_model": "(o.gpu_model_id = ANY(%(models)s)) IS TRUE"
            if asked.gpu_models
            else "true",
            "by_count": "o.gpu_count = ANY(%(counts)s)" if asked.gpu_counts else "true",
            "by_memory": memory if asked.memory_min or asked.memory_max is not None else "true",
            "by_supplier": "o.supplier_id = ANY(%(suppliers)s)" if asked.suppliers else "true",
            "by_hub": "o.supplier_id = ANY(%(hubs)s)" if asked.hubs else "true",
        }
        return Keys(predicates, parameters)

    def facets(self, counted: list[Row], asked: Asked) -> tuple[Facets, int]:
        """The facets and the total from the rows of the counting statement."""
        everything = next(row for row in counted if row["facet"] == _BY_NOTHING)
        by_card = [
            (self._cards.get(r["gpu_model_id"]), r) for r in counted if r["facet"] == _BY_CARD
        ]
        by_supplier = [
            (self._suppliers[r["supplier_id"]], r) for r in counted if r["facet"] == _BY_SUPPLIER
        ]
        by_count = [r for r in counted if r["facet"] == _BY_COUNT]
        hubs = {s["hub"]: s for s, _ in by_supplier if s["hub"] is not None}
        codes = {s["code"]: s for s, _ in by_supplier}
        names = {card["code"]: card["name"] for card, _ in by_card if card}

        models = _summed((card["code"], r["for_model"]) for card, r in by_card if card)
        memories = _summed((card["memory"] if card else 0, r["for_memory"]) for card, r in by_card)
        supplied = _summed((s["code"], r["for_supplier"]) for s, r in by_supplier)
        placed = _summed((s["hub"], r["for_hub"]) for s, r in by_supplier if s["hub"] is not None)
        found = Facets(
            gpu_models=_facet(
                models, asked.gpu_models, names.__getitem__, lambda f: (-f.count, f.label)
            ),
            gpu_counts=_facet(
                {r["gpu_count"]: r["for_count"] for r in by_count},
                asked.gpu_counts,
                str,
                lambda f: f.value,
            ),
            memories=_facet(memories, (), str, lambda f: f.value),
            suppliers=_facet(
                supplied,
                asked.suppliers,
                lambda code: codes[code]["name"],
                lambda f: (codes[f.value]["sort_key"], f.value),
            ),
            hubs=_facet(
                placed,
                asked.hubs,
                lambda code: hubs[code]["hub_name"],
                lambda f: hubs[f.value]["hub_position"],
            ),
            price_min=everything["price_min"],
            price_max=everything["price_max"],
            spot=everything["spot"],
        )
        return found, everything["total"]


def _summed(pairs: Iterable[tuple[Any, int]]) -> dict[Any, int]:
    sums: dict[Any, int] = defaultdict(int)
    for value, count in pairs:
        sums[value] += count
    return sums


def _facet(
    counts: Mapping[Any, int],
    chosen: Collection[Any],
    label: Callable[[Any], str],
    order: Callable[[Facet], Any],
) -> tuple[Facet, ...]:
    """Values with something behind them, and chosen ones even without."""
    found = [
        Facet(value, label(value), count, value in chosen)
        for value, count in counts.items()
        if count or value in chosen
    ]
    return tuple(sorted(found, key=order))
