"""An offer, an order line and a plan in the words of a page."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from shared_apps.catalog.enums import PlanKind
from shared_apps.catalog.terms import HOURS_OF_MONTH, step_hours
from shared_apps.kernel.money import Money, charge
from shared_apps.suppliers.names import spoken

from .shelf import ShelfOffer

HOURS_PER_MONTH = HOURS_OF_MONTH
TERMS = (1, 24, 168, 720)  # hours that the page of an offer proposes
MONTHS = (1, 3, 6, 12)


def terms_of(kind: str) -> tuple[int, ...]:
    """The hours that are proposed for a way of buying."""
    step = step_hours(kind)
    return TERMS if step == 1 else tuple(step * n for n in MONTHS)


def term_label(hours: int, kind: str) -> str:
    """Hours in the unit in which they are sold."""
    months = hours // HOURS_PER_MONTH
    if step_hours(kind) == 1 or hours % HOURS_PER_MONTH:
        return hours_label(hours)
    return ngettext("%(n)s 个月", "%(n)s 个月", months) % {"n": months}


def offer_card(offer: ShelfOffer, *, spot: bool = False) -> dict[str, Any]:
    """What `c-offer-card` shows; with `spot` its prices are the spot plan's, where there is one."""
    row = offer.row
    plan = (offer.spot if spot else None) or offer.on_demand or offer.spot
    listed = row.plan(plan.kind) if plan else None
    return {
        "public_id": row.public_id,
        "url": reverse("shop:offer", args=[row.public_id]),
        "name": row.title,
        "gpu_model": f"{row.gpu_name}{f' {row.gpu_form}' if row.gpu_form else ''}"
        if row.gpu_name
        else "CPU",
        "gpu_count": row.gpu_count,
        "gpu_memory_gb": row.memory_each_gb or None,
        "vcpus": row.vcpu,
        "ram_gb": row.ram_gb,
        "hub": spoken(row.hub_name),
        "hub_note": _("演示指派，并非供应商公布的位置") if row.hub_is_demo else "",
        "supplier": spoken(row.supplier_name),
        "per_gpu_hour": (plan.per_gpu_hourly or plan.hourly) if plan else None,
        "per_hour": plan.hourly if plan else None,
        "was_per_gpu_hour": _fen(listed.per_gpu_hourly or listed.list_hourly) if listed else None,
        "spot": plan is not None and plan.kind == PlanKind.SPOT,
        "stock": None,
        "plan": row.sku,
        "buyable": row.buyable and plan is not None,
    }


def _fen(rate: Decimal) -> Money:
    return charge(rate, Decimal(1))


def offer_facts(offer: ShelfOffer) -> list[dict[str, Any]]:
    row = offer.row
    facts: list[dict[str, Any]] = []
    if row.gpu_name:
        facts += [
            {
                "label": _("GPU"),
                "value": f"{row.gpu_name} × {row.gpu_count}",
                "note": row.gpu_architecture,
            },
            {
                "label": _("显存"),
                "value": row.memory_total_gb,
                "unit": "GB",
                "note": _("每张 %(gb)s GB") % {"gb": row.memory_each_gb},
            },
        ]
    facts += [
        {"label": "vCPU", "value": _range(row.vcpu, row.vcpu_most), "unit": _("核")},
        {"label": _("内存"), "value": _range(row.ram_gb, row.ram_gb_most), "unit": "GB"},
    ]
    if row.fp32_total_tflops is not None:
        facts.append(
            {
                "label": _("FP32 算力"),
                "value": f"{row.fp32_total_tflops.normalize():f}",
                "unit": "TFLOPS",
                "note": _("厂商标称"),
            }
        )
    facts.append({"label": _("规格编号"), "value": row.sku})
    return facts


def _range(low: Any, high: Any) -> str:
    if low is None:
        return "—"
    return _plain(low) if high is None or high == low else f"{_plain(low)}–{_plain(high)}"


def _plain(value: Any) -> str:
    """Thousands apart, and no zeros after the point."""
    return f"{value.normalize():,f}" if isinstance(value, Decimal) else f"{value:,}"


def hours_label(hours: int) -> str:
    if hours % HOURS_PER_MONTH == 0 or hours % 24 == 0:
        return ngettext("%(n)s 天", "%(n)s 天", hours // 24) % {"n": hours // 24}
    return ngettext("%(n)s 小时", "%(n)s 小时", hours) % {"n": hours}


def spec_chips(specs: dict[str, Any]) -> list[str]:
    """The facts kept with an order line, as short texts."""
    chips = []
    if specs.get("gpu"):
        chips.append(f"{specs['gpu']} × {specs['gpu_count']}")
    if specs.get("vcpu"):
        chips.append(f"{specs['vcpu']} vCPU")
    if specs.get("ram_gb"):
        chips.append(_("内存 %(gb)s GB") % {"gb": _plain(Decimal(specs["ram_gb"]))})
    if specs.get("plan") == PlanKind.SPOT:
        chips.append(_("竞价"))
    return chips


def spec_facts(specs: dict[str, Any]) -> list[dict[str, Any]]:
    """The facts kept with an order line, for `c-facts`."""
    facts: list[dict[str, Any]] = []
    if specs.get("gpu"):
        facts.append({"label": "GPU", "value": f"{specs['gpu']} × {specs['gpu_count']}"})
    if specs.get("vcpu"):
        facts.append({"label": "vCPU", "value": specs["vcpu"], "unit": _("核")})
    if specs.get("ram_gb"):
        facts.append({"label": _("内存"), "value": _plain(Decimal(specs["ram_gb"])), "unit": "GB"})
    if specs.get("plan"):
        facts.append({"label": _("计费方式"), "value": PlanKind(specs["plan"]).label})
    if specs.get("sku"):
        facts.append({"label": _("规格编号"), "value": specs["sku"]})
    return facts
