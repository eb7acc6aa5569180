"""Looking: home, catalogue, comparison, one offer."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from shared_apps.catalog.enums import PlanKind, Sort
from shared_apps.catalog.queries import Facet
from shared_apps.catalog.terms import step_hours
from shared_apps.catalog.words import Understood
from shared_apps.identity.access import Anyone, access
from shared_apps.kernel import clock
from shared_apps.kernel.money import Money
from shared_apps.suppliers import queries as suppliers
from shared_apps.suppliers.names import spoken
from tenant_apps.orders.models import MOST_HOURS, MOST_PER_ITEM
from tenant_apps.orders.pricing import Choice
from tenant_apps.shop import shelf, sums
from tenant_apps.shop.cards import offer_card, offer_facts, term_label, terms_of

PER_PAGE = 24
HINTS = (
    gettext_lazy("8 张 A100 80G 训练"),
    "H100",
    "RTX 4090",
    gettext_lazy("显存 24G"),
    gettext_lazy("竞价 A10"),
)


@access(Anyone)
def home(request: HttpRequest) -> HttpResponse:
    at = clock.now()
    found = shelf.find(at=at, sort=Sort.PER_GPU, per_page=60)
    counts = {facet.value: facet.count for facet in found.facets.hubs}
    catalogue = reverse("shop:catalogue")
    hubs = [
        {
            "name": str(hub),
            "lon": hub.longitude,
            "lat": hub.latitude,
            "count": counts.get(hub.code, 0),
            "url": f"{catalogue}?{urlencode({'hub': hub.code})}",
        }
        for hub in suppliers.hubs()
    ]
    return render(
        request,
        "shop/home.html",
        {
            "offers": [offer_card(item) for item in _varied(found.items, 8)],
            "hubs": hubs,
            "hints": [
                {"text": text, "url": f"{catalogue}?{urlencode({'q': text})}"} for text in HINTS
            ],
            "offer_count": found.total,
            "supplier_count": len(found.facets.suppliers),
            "hub_note": _("节点归属为演示指派，并非供应商公布的位置。"),
            "section": "home",
        },
    )


def _varied(items: tuple[shelf.ShelfOffer, ...], most: int) -> list[shelf.ShelfOffer]:
    """The cheapest offer of each card, so that the first page shows what there is."""
    seen: Counter[str] = Counter()
    chosen = []
    for item in items:
        model = item.row.gpu_code or "CPU"
        seen[model] += 1
        if seen[model] == 1:
            chosen.append(item)
    return chosen[:most]


@access(Anyone)
def catalogue(request: HttpRequest) -> HttpResponse:
    asked = request.GET
    q = asked.get("q", "").strip()[:200]
    spot = asked.get("spot") == "1"
    sort = asked.get("sort", "")
    sort = sort if sort in Sort.values else Sort.PER_GPU
    found = shelf.find(
        at=clock.now(),
        text=q,
        gpu_models=asked.getlist("gpu"),
        gpu_counts=[int(n) for n in asked.getlist("count") if n.isdecimal()],
        memory_min=_whole(asked.get("memory_min")),
        memory_max=_whole(asked.get("memory_max")),
        price_min=_yuan(asked.get("price_min")),
        price_max=_yuan(asked.get("price_max")),
        suppliers=asked.getlist("supplier"),
        hubs=asked.getlist("hub"),
        spot=spot,
        sort=sort,
        page=_whole(asked.get("page")) or 1,
        per_page=PER_PAGE,
    )
    clear = reverse("shop:catalogue") + (f"?{urlencode({'q': q})}" if q else "")
    return render(
        request,
        "shop/catalogue.html",
        {
            "q": q,
            "understood": _understood(found.understood) if q else "",
            "total": found.total,
            "offers": [offer_card(item, spot=spot) for item in found.items],
            "page": Paginator(range(found.total), PER_PAGE).get_page(found.page),
            "facets": _facets(found, asked),
            "picked": _picked(found, asked),
            "clear_url": clear,
            "sort": sort,
            "sorts": [(value, label) for value, label in Sort.choices],
            "view": "table" if asked.get("view") == "table" else "cards",
            "section": "catalogue",
        },
    )


def _understood(read: Understood) -> str:
    """How a line of text was taken, so that a customer sees what was searched for."""
    known = {f"{read.gpu_count}卡", f"{read.memory_gb}g"}
    parts = [term.upper() for term in read.terms if term.isascii() and term not in known]
    if read.gpu_count:
        parts.append(_("%(n)s 卡") % {"n": read.gpu_count})
    if read.memory_gb:
        parts.append(_("单卡显存 %(gb)s GB") % {"gb": read.memory_gb})
    if read.hours:
        parts.append(_("使用 %(n)s 小时") % {"n": read.hours})
    if read.budget:
        parts.append(_("预算 %(sum)s 元") % {"sum": f"{read.budget:,.0f}"})
    if parts == [term.upper() for term in read.terms] and not read.noise:
        return ""  # it was taken as it stands
    told = [_("已按“%(parts)s”理解") % {"parts": _("，").join(parts)}] if parts else []
    if read.noise:
        told.append(_("“%(words)s”没有用来筛选") % {"words": _("，").join(read.noise)})
    return _("；").join(told)


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 8 else None


def _yuan(text: str | None) -> Money | None:
    """What was typed as a price; nothing where it is none, so that a slip shows too much, not an error."""
    try:
        amount = Decimal((text or "").strip().replace(",", ""))
        return Money.of(amount.quantize(Decimal("0.01"))) if 0 <= amount < 10**8 else None
    except (InvalidOperation, ValueError):
        return None


def _options(facets: tuple[Facet, ...]) -> list[dict[str, Any]]:
    return [
        {"value": f.value, "label": f.label, "count": f.count, "checked": f.selected}
        for f in facets
    ]


def _cards(counts: tuple[Facet, ...]) -> tuple[Facet, ...]:
    """A bare “8” says nothing beside a price; “8 卡” does."""
    return tuple(
        replace(f, label=_("%(n)s 卡") % {"n": f.label} if f.value else _("不带 GPU"))
        for f in counts
    )


def _spoken(facets: tuple[Facet, ...]) -> tuple[Facet, ...]:
    return tuple(replace(f, label=spoken(f.label)) for f in facets)


def _facets(found: shelf.Shelf, asked: QueryDict) -> list[dict[str, Any]]:
    def check(
        key: str, label: str, facets: tuple[Facet, ...], *, is_open: bool = False
    ) -> dict[str, Any]:
        options = _options(facets)
        return {
            "key": key,
            "label": label,
            "kind": "check",
            "open": is_open or any(o["checked"] for o in options),
            "options": options,
        }

    def span(key: str, label: str, unit: str, low: Any, high: Any) -> dict[str, Any]:
        return {
            "key": key,
            "label": label,
            "kind": "range",
            "open": True,
            "unit": unit,
            "low": asked.get(f"{key}_min", ""),
            "high": asked.get(f"{key}_max", ""),
            "low_hint": low,
            "high_hint": high,
        }

    memories = [int(f.value) for f in found.facets.memories]
    return [
        check("gpu", _("GPU 型号"), found.facets.gpu_models, is_open=True),
        check("count", _("卡数"), _cards(found.facets.gpu_counts), is_open=True),
        span("price", _("整机价格"), _("元/小时"), found.price_min or "", found.price_max or ""),
        span("memory", _("单卡显存"), "GB", min(memories, default=""), max(memories, default="")),
        check("hub", _("枢纽节点"), _spoken(found.facets.hubs)),
        check("supplier", _("供应商"), _spoken(found.facets.suppliers)),
        {
            "key": "spot",
            "label": _("计费方式"),
            "kind": "check",
            "open": asked.get("spot") == "1",
            "options": [
                {
                    "value": "1",
                    "label": _("竞价（价格更低，可能被回收）"),
                    "count": found.facets.spot,
                    "checked": asked.get("spot") == "1",
                }
            ],
        },
    ]


def _picked(found: shelf.Shelf, asked: QueryDict) -> list[dict[str, str]]:
    """Each filter in force, with the address of this page without it."""
    labels = {("gpu", str(f.value)): f.label for f in found.facets.gpu_models} | {
        ("count", str(f.value)): f.label for f in _cards(found.facets.gpu_counts)
    }
    labels |= {("hub", str(f.value)): f.label for f in _spoken(found.facets.hubs)}
    labels |= {("supplier", str(f.value)): f.label for f in _spoken(found.facets.suppliers)}
    ranges = {
        "price_min": _("不低于 %(v)s 元/小时"),
        "price_max": _("不高于 %(v)s 元/小时"),
        "memory_min": _("显存 ≥ %(v)s GB"),
        "memory_max": _("显存 ≤ %(v)s GB"),
    }
    picked = []
    for key in asked:
        for value in asked.getlist(key):
            label = labels.get((key, value)) or (
                ranges[key] % {"v": value} if key in ranges and value else ""
            )
            if key == "spot" and value == "1":
                label = _("竞价")
            if label:
                picked.append({"label": label, "url": _without(asked, key, value)})
    return picked


def _without(asked: QueryDict, key: str, value: str) -> str:
    left = asked.copy()
    left.setlist(key, [v for v in asked.getlist(key) if v != value])
    left.pop("page", None)
    return f"{reverse('shop:catalogue')}?{left.urlencode()}"


@access(Anyone)
def compare(request: HttpRequest) -> HttpResponse:
    ids = _uuids(request.GET.getlist("offer"))[:4]
    offers, facts = shelf.compare(public_ids=ids, at=clock.now()) if ids else ([], [])
    cards = []
    for item in offers:
        others = [("offer", str(o.row.public_id)) for o in offers if o is not item]
        cards.append(
            offer_card(item) | {"remove_url": f"{reverse('shop:compare')}?{urlencode(others)}"}
        )
    return render(
        request,
        "shop/compare.html",
        {
            "offers": cards,
            "rows": [
                {
                    "label": fact.label,
                    "unit": fact.unit,
                    "differs": fact.differs,
                    "cells": [
                        {"text": _cell(value), "best": best}
                        for value, best in zip(fact.values, fact.best, strict=True)
                    ],
                }
                for fact in facts
            ],
            "reckoning": _(
                "单卡价 = 整机价 ÷ 卡数；每 TFLOPS 价 = 整机价 ÷（单卡 FP32 标称算力 × 卡数）。"
                "算力为厂商标称值，仅供横向比较。"
            ),
            "section": "catalogue",
        },
    )


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value.normalize():,f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _uuids(texts: list[str]) -> list[UUID]:
    found = []
    for text in texts:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return list(dict.fromkeys(found))


@access(Anyone)
def offer(request: HttpRequest, public_id: UUID) -> HttpResponse:
    at = clock.now()
    found = shelf.offer(public_id=public_id, at=at)
    plan = next((p for p in found.plans if str(p.public_id) == request.GET.get("plan")), None)
    plan = plan or (found.plans[0] if found.plans else None)
    kind = plan.kind if plan else PlanKind.ON_DEMAND
    hours = _hours(request.GET.get("hours"), step_hours(kind))
    quantity = min(max(_whole(request.GET.get("quantity")) or 1, 1), MOST_PER_ITEM)
    card = offer_card(found, spot=plan is not None and plan.kind == PlanKind.SPOT)
    due: dict[str, Any] = {}
    if plan and card["buyable"]:
        after = kind == PlanKind.POSTPAID
        due = (
            sums.of_hour(plan.hourly, quantity)
            if after
            else sums.of_choice(Choice(plan.public_id, quantity, hours))
        )
    row = found.row
    similar = shelf.find(at=at, gpu_models=[row.gpu_code], per_page=6).items if row.gpu_code else ()
    return render(
        request,
        "shop/offer.html",
        {
            "offer": card | {"facts": offer_facts(found)},
            "plans": [
                {
                    "id": p.public_id,
                    "label": PlanKind(p.kind).label,
                    "note": str(_NOTES.get(PlanKind(p.kind), "")),
                    "per_gpu_hour": p.per_gpu_hourly,
                    "per_hour": p.hourly,
                    "checked": plan is not None and p.public_id == plan.public_id,
                }
                for p in found.plans
            ],
            "terms": [
                {"hours": n, "label": term_label(n, kind), "checked": n == hours}
                for n in (terms_of(kind) if kind != PlanKind.POSTPAID else ())
            ],
            "paid_afterwards": kind == PlanKind.POSTPAID,
            "hours": hours,
            "quantity": quantity,
            "most_quantity": MOST_PER_ITEM,
            **due,
            "similar": [offer_card(o) for o in similar if o.row.public_id != public_id][:3],
            "section": "catalogue",
        },
    )


_NOTES = {
    PlanKind.SPOT: gettext_lazy("随时可能被供应商收回，适合可中断的任务"),
    PlanKind.MONTHLY: gettext_lazy("每月按 30 天计，可自动续费，比按需便宜"),
    PlanKind.POSTPAID: gettext_lazy("先用后付，按秒计量、每小时扣款，随时停止"),
}


def _hours(text: str | None, step: int) -> int:
    """Hours as they can be sold: whole steps, the next one up."""
    wanted = min(max(_whole(text) or 24, 1), MOST_HOURS)
    return min(-(-wanted // step) * step, MOST_HOURS // step * step)
