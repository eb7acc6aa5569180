"""The catalogue as the operator keeps it: everything, sold or not, with prices and where they came from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet

from shared_apps.catalog.errors import OfferNotFound
from shared_apps.catalog.models import ImportRun, Offering, Plan, Price


def offerings(
    *, at: datetime, text: str = "", state: str = "", supplier: str = ""
) -> QuerySet[Offering]:
    """Offerings with their plans, each with `prices_now`; `text` is part of a SKU, a name or a card."""
    prices = Prefetch("prices", Price.objects.filter(effective__contains=at), "prices_now")
    plans = Prefetch("plans", Plan.objects.order_by("kind").prefetch_related(prices))
    found = (
        Offering.objects.select_related("supplier__hub", "gpu_model")
        .prefetch_related(plans)
        .defer("search")
        .order_by("supplier__sort_key", "sku")
    )
    if text:
        found = found.filter(
            Q(sku__icontains=text)
            | Q(name__icontains=text)
            | Q(gpu_model__name__icontains=text)
            | Q(gpu_model__code__icontains=text)
        )
    if state:
        found = found.filter(state=state)
    if supplier:
        found = found.filter(supplier__slug=supplier)
    return found


@dataclass(frozen=True, slots=True)
class PlanFile:
    plan: Plan
    prices: list[Price]  # newest first


def offering(*, public_id: UUID, at: datetime) -> Offering:
    found = offerings(at=at).filter(public_id=public_id).first()
    if found is None:
        raise OfferNotFound
    return found


def plan_files(*, offering: Offering) -> list[PlanFile]:
    """Every way of buying an offering with every price that it had. Two queries."""
    prices = Prefetch(
        "prices", Price.objects.select_related("fx_rate").order_by("-effective"), "history"
    )
    plans = Plan.objects.filter(offering=offering).order_by("kind").prefetch_related(prices)
    return [PlanFile(plan, list(getattr(plan, "history", ()))) for plan in plans]


def runs(*, text: str = "") -> QuerySet[ImportRun]:
    """Readings of price files, newest first; `text` is part of a file's name."""
    found = ImportRun.objects.select_related("fx_rate").order_by("-id")
    return found.filter(file_name__icontains=text) if text else found


def run(*, public_id: UUID) -> ImportRun:
    found = runs().filter(public_id=public_id).first()
    if found is None:
        raise OfferNotFound
    return found
