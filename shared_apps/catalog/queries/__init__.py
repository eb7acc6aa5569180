"""Reads of the catalogue. Prices are list prices: what a shop adds to them is the shop's own affair."""

from .finding import find_offers
from .offers import (
    Comparison,
    Fact,
    compare,
    current_price,
    fx_rates,
    import_runs,
    offer,
    offer_of_plan,
    plans_of,
    price_history,
)
from .rows import Facet, Facets, OfferPage, OfferRow, PlanPrice

__all__ = [
    "Comparison",
    "Facet",
    "Facets",
    "Fact",
    "OfferPage",
    "OfferRow",
    "PlanPrice",
    "compare",
    "current_price",
    "find_offers",
    "fx_rates",
    "import_runs",
    "offer",
    "offer_of_plan",
    "plans_of",
    "price_history",
]
