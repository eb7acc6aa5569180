"""What makes the adapter for which way of connecting; the table itself stands in `ncmatch.wiring`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.module_loading import import_string

from .errors import AdapterUnknown

if TYPE_CHECKING:
    from .adapters.base import SupplierAdapter


@dataclass(frozen=True, slots=True)
class ConnectionFacts:
    """What an adapter needs to know of a supplier; the secret is open here and never printed."""

    supplier_slug: str
    base_url: str
    username: str
    secret: str = field(repr=False)


@cache
def _table() -> Mapping[str, str]:
    table: Mapping[str, str] = import_string(settings.SUPPLIER_ADAPTERS)
    return table


def build(kind: str, facts: ConnectionFacts) -> SupplierAdapter:
    """The adapter of a kind, made for one supplier. Kinds are those of `AdapterKind`."""
    try:
        path = _table()[kind]
    except KeyError:
        raise AdapterUnknown(adapter=kind) from None
    factory: Callable[[ConnectionFacts], SupplierAdapter] = import_string(path)
    return factory(facts)
