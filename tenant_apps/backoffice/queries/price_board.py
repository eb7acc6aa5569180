"""What a retail percent makes of real offers: shown before it is put in force."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils import timezone

from billing.pricing import queries as pricing
from billing.pricing.errors import NoRetailPrice
from billing.pricing.models import RetailRule
from shared_apps.catalog.enums import Sort
from shared_apps.catalog.queries import OfferRow, find_offers
from shared_apps.distributors import queries as distributors
from shared_apps.distributors.models import Distributor
from shared_apps.kernel.money import Money
from shared_apps.suppliers import queries as suppliers
from shared_apps.suppliers.errors import AgreementMissing

SAMPLE = 100


@dataclass(frozen=True, slots=True)
class Effect:
    """One offer for one hour: at the list price, now, as wanted, and what it costs us."""

    offer: OfferRow
    listed: Money
    now: Money | None
    wanted: Money | None
    cost: Money | None

    @property
    def margin(self) -> Money | None:
        price = self.wanted if self.wanted is not None else self.now
        return price - self.cost if price is not None and self.cost is not None else None


@dataclass(frozen=True, slots=True)
class PriceBoard:
    percent: Decimal | None
    wanted: Decimal | None
    cost_percent: Decimal | None  # None for the operator: each supplier's own
    rules: list[RetailRule]
    effects: list[Effect]

    @property
    def at_a_loss(self) -> bool:
        return any(effect.margin is not None and effect.margin.minor < 0 for effect in self.effects)


def price_board(*, me: Distributor, at: datetime, wanted: Decimal | None) -> PriceBoard:
    percent: Decimal | None
    try:
        percent = pricing.retail_percent(at=at)
    except NoRetailPrice:
        percent = None
    terms = distributors.terms_in_force(me, at=at)
    own = terms.wholesale_percent if terms else None
    found = find_offers(at=at, sort=Sort.PRICE, per_page=SAMPLE).rows
    effects = [
        _effect(
            offer,
            plan.list_hourly,
            own if not me.is_operator else _supplier_percent(offer, at),
            percent,
            wanted,
        )
        for offer in _three(found)
        if (plan := offer.on_demand) is not None
    ]
    return PriceBoard(percent, wanted, own, pricing.rules(), effects)


def _three(found: Sequence[OfferRow]) -> list[OfferRow]:
    """The cheapest, one in the middle and the dearest of what was found."""
    priced = [offer for offer in found if offer.on_demand is not None]
    return [priced[at] for at in sorted({0, len(priced) // 2, len(priced) - 1})] if priced else []


def _effect(
    offer: OfferRow,
    listed: Decimal,
    cost: Decimal | None,
    percent: Decimal | None,
    wanted: Decimal | None,
) -> Effect:
    def at_percent(share: Decimal | None) -> Money | None:
        return pricing.hourly(listed, share) if share is not None else None

    return Effect(
        offer=offer,
        listed=pricing.hourly(listed, pricing.HUNDRED),
        now=at_percent(percent),
        wanted=at_percent(wanted),
        cost=at_percent(cost),
    )


def _supplier_percent(offer: OfferRow, at: datetime) -> Decimal | None:
    supplier = suppliers.supplier(slug=offer.supplier_slug)
    try:
        return suppliers.cost_percent(supplier=supplier, on=timezone.localdate(at))
    except AgreementMissing:
        return None
