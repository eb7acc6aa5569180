"""What a file would change, worked out by comparing and nothing else.

Objects that are not there yet stand here unsaved; `run.py` saves them. Comparing first and writing
afterwards is what lets a dry run tell the truth.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from shared_apps.catalog.enums import OfferingState, PlanKind
from shared_apps.catalog.models import FxRate, GpuModel, Offering, Plan, Price
from shared_apps.catalog.prices import to_list_hourly
from shared_apps.suppliers.models import Supplier

from .clouds import Cloud, slug
from .findings import Finding
from .gpus import Card
from .reading import CURRENCY, ReadOffer
from .report import ChangeLine, Vanished
from .skus import Identified, cards, identify

CardKey = tuple[str, int, str]
OfferKey = tuple[str, str]  # supplier slug, SKU

STATED = (
    PlanKind.ON_DEMAND,
    PlanKind.SPOT,
)  # what a price file speaks of; the rest follows from it


@dataclass(slots=True)
class Present:
    """What is there before the import, of the suppliers that the file speaks of."""

    suppliers: dict[str, Supplier]
    cards: dict[CardKey, GpuModel]
    offerings: dict[OfferKey, Offering]
    plans: dict[tuple[OfferKey, str], Plan]
    prices: dict[int, Price]  # by plan, the open row

    @classmethod
    def load(cls, slugs: Iterable[str]) -> Present:
        """Five queries, whatever the number of offers."""
        suppliers = {
            s.slug: s for s in Supplier.objects.select_related("hub").filter(slug__in=set(slugs))
        }
        models = {(g.code, g.memory_gb, g.form): g for g in GpuModel.objects.all()}
        offerings = {
            (offering.supplier.slug, offering.sku): offering
            for offering in Offering.objects.select_related("supplier__hub", "gpu_model")
            .filter(supplier__slug__in=suppliers)
            .defer("search")
        }
        keys = {offering.pk: key for key, offering in offerings.items()}
        plans = {
            (keys[plan.offering_id], plan.kind): plan
            for plan in Plan.objects.filter(offering__supplier__slug__in=suppliers, kind__in=STATED)
        }
        prices = {
            price.plan_id: price
            for price in Price.objects.filter(
                plan__offering__supplier__slug__in=suppliers, effective__endswith__isnull=True
            )
        }
        return cls(suppliers, models, offerings, plans, prices)

    def skus(self) -> dict[OfferKey, str]:
        found: dict[OfferKey, str] = {}
        for key, offering in self.offerings.items():
            gpu = offering.gpu_model
            found[key] = (
                cards(gpu.code, gpu.memory_gb, gpu.form, offering.gpu_count)
                if gpu is not None
                else cards(None, 0, "", 0)
            )
        return found


@dataclass(slots=True)
class Changes:
    """Everything to be written, in the order of writing."""

    suppliers: dict[str, Cloud] = field(default_factory=dict)
    cards: list[GpuModel] = field(default_factory=list)
    changed_cards: list[GpuModel] = field(default_factory=list)
    offerings: list[Offering] = field(default_factory=list)
    changed_offerings: list[Offering] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)
    quotes: list[tuple[Plan, Decimal]] = field(default_factory=list)  # plan and source amount
    prices_new: int = 0
    prices_changed: int = 0
    unchanged: int = 0
    imported: int = 0
    lines: list[ChangeLine] = field(default_factory=list)
    vanished: list[Vanished] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


class Comparison:
    """Compares a file's offers with what is present. One use, then `changes` holds the result."""

    def __init__(self, present: Present, *, fx: FxRate, at: datetime) -> None:
        self.present = present
        self.fx = fx
        self.at = at
        self.changes = Changes()
        self.suppliers = dict(present.suppliers)
        self.cards = dict(present.cards)
        self.seen: set[tuple[OfferKey, str]] = set()

    def compare(self, offers: list[ReadOffer], *, refused_names: set[tuple[str, str]]) -> Changes:
        identified, self.changes.findings = identify(offers, known=self.present.skus())
        for one in identified:
            self._offer(one)
        self.changes.imported = len(identified)
        self._vanished({(slug(cloud), name) for cloud, name in refused_names})
        return self.changes

    def _offer(self, one: Identified) -> None:
        offer, key = one.offer, (one.offer.cloud.slug, one.sku)
        supplier = self._supplier(offer.cloud)
        wanted = {
            "name": offer.name,
            "gpu_model": self._card(offer.card) if offer.card else None,
            "gpu_count": offer.gpu_count,
            "gpu_memory_gb": offer.memory_gb,
            "vcpu": int(offer.vcpu.low) if offer.vcpu else None,
            "vcpu_most": int(offer.vcpu.high) if offer.vcpu and offer.vcpu.high else None,
            "ram_gb": offer.ram.low if offer.ram else None,
            "ram_gb_most": offer.ram.high if offer.ram else None,
        }
        offering = self.present.offerings.get(key)
        if offering is None:
            offering = Offering(
                supplier=supplier,
                sku=one.sku,
                state=OfferingState.ACTIVE,
                created_at=self.at,
                **wanted,
            )
            self.changes.offerings.append(offering)
            self._line("offer", key, "", _spoken(offering))
        elif differing := [
            name for name, value in wanted.items() if getattr(offering, name) != value
        ]:
            before = _spoken(offering)
            for name in differing:
                setattr(offering, name, wanted[name])
            self.changes.changed_offerings.append(offering)
            self._line("offer", key, before, _spoken(offering))
        else:
            self.changes.unchanged += 1
        self._price(key, offering, PlanKind.ON_DEMAND, offer.on_demand)
        if offer.spot is not None:
            self._price(key, offering, PlanKind.SPOT, offer.spot)

    def _price(self, key: OfferKey, offering: Offering, kind: PlanKind, amount: Decimal) -> None:
        self.seen.add((key, kind))
        plan = self.present.plans.get((key, kind))
        if plan is None:
            plan = Plan(offering=offering, kind=kind, external_service_id=key[0])
            plan.external_plan_id = str(plan.public_id)
            self.changes.plans.append(plan)
        current = self.present.prices.get(plan.pk) if plan.pk else None
        hourly = to_list_hourly(amount, currency=CURRENCY, fx=self.fx)
        if current is None:
            self.changes.prices_new += 1
            before = ""
        elif (current.list_hourly, current.source_amount, current.source_currency) == (
            hourly,
            amount,
            CURRENCY,
        ):
            return
        else:
            self.changes.prices_changed += 1
            before = _amount(current.list_hourly, current.source_amount)
        self.changes.quotes.append((plan, amount))
        self._line("price", key, before, f"{kind.value} {_amount(hourly, amount)}")

    def _supplier(self, cloud: Cloud) -> Supplier:
        if cloud.slug not in self.suppliers:
            # Stands in for the row that `run.py` registers; offers are pointed at that one.
            self.suppliers[cloud.slug] = Supplier(slug=cloud.slug, name=cloud.name)
            self.changes.suppliers[cloud.slug] = cloud
            self._line("supplier", (cloud.slug, ""), "", cloud.name)
        return self.suppliers[cloud.slug]

    def _card(self, card: Card) -> GpuModel:
        key = (card.code, card.memory_gb, card.form)
        wanted: dict[str, Any] = {
            "name": card.name,
            "vendor": card.vendor,
            "architecture": card.architecture,
            "fp32_tflops": card.fp32_tflops,
            "aliases": card.aliases,
        }
        model = self.cards.get(key)
        if model is None:
            model = GpuModel(code=card.code, memory_gb=card.memory_gb, form=card.form, **wanted)
            self.cards[key] = model
            self.changes.cards.append(model)
            self._line("gpu_model", ("", ""), "", str(model))
        elif any(getattr(model, name) != value for name, value in wanted.items()):
            for name, value in wanted.items():
                setattr(model, name, value)
            self.changes.changed_cards.append(model)
            self._line("gpu_model", ("", ""), str(model), str(model))
        return model

    def _vanished(self, refused: set[tuple[str, str]]) -> None:
        for (key, kind), _plan in sorted(self.present.plans.items()):
            offering = self.present.offerings[key]
            if (key, kind) in self.seen or offering.state == OfferingState.ARCHIVED:
                continue
            if offering.name and (key[0], offering.name) in refused:
                continue
            self.changes.vanished.append(Vanished(key[0], key[1], kind))

    def _line(self, what: str, key: OfferKey, before: str, after: str) -> None:
        self.changes.lines.append(ChangeLine(what, key[0], key[1], before, after))


def _spoken(offering: Offering) -> str:
    gpu = offering.gpu_model
    machine = f"{gpu} × {offering.gpu_count}" if gpu is not None else "CPU"
    vcpu = _ends(offering.vcpu, offering.vcpu_most)
    ram = _ends(offering.ram_gb, offering.ram_gb_most)
    return f"{machine}, {vcpu} vCPU, {ram} GB"


def _ends(low: Decimal | int | None, high: Decimal | int | None) -> str:
    return (
        "-".join(f"{Decimal(end).normalize():f}" for end in (low, high) if end is not None) or "?"
    )


def _amount(hourly: Decimal, amount: Decimal) -> str:
    return f"{hourly.normalize():f} CNY ({amount.normalize():f} {CURRENCY})"
