"""From a stored connection to an adapter: one function per way of connecting, named in the wiring."""

from __future__ import annotations

from .adapters.base import SupplierAdapter
from .adapters.osb import OsbAdapter, OsbEndpoint
from .registry import ConnectionFacts


def osb(facts: ConnectionFacts) -> SupplierAdapter:
    return OsbAdapter(
        OsbEndpoint(url=facts.base_url, username=facts.username, password=facts.secret)
    )
