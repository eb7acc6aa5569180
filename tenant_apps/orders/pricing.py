"""What a choice costs in this shop at a moment: computed here for the page, the cart and the order alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.utils import timezone

from billing.pricing import queries as retail
from shared_apps.catalog.enums import OfferingState, PlanKind, PlanState
from shared_apps.catalog.models import Plan, Price
from shared_apps.catalog.terms import step_hours
from shared_apps.kernel.money import Money, total
from shared_apps.suppliers.enums import SupplierState
from shared_apps.suppliers.models import SellingWindow

from .errors import NoLongerSold, NotPaidAfterwards, PaidAfterwards, TooMany, WholeMonths
from .models import MOST_HOURS, MOST_PER_ITEM


@dataclass(frozen=True, slots=True)
class Choice:
    """What the customer says: which plan, how many machines, for how many hours. Never a price."""

    plan_id: UUID
    quantity: int
    hours: int

    def check(self) -> None:
        if not (1 <= self.quantity <= MOST_PER_ITEM and 1 <= self.hours <= MOST_HOURS):
            raise TooMany(most=MOST_PER_ITEM, hours=MOST_HOURS)


@dataclass(frozen=True, slots=True)
class PricedChoice:
    choice: Choice
    plan: Plan
    list_hourly: Money
    hourly: Money

    @property
    def amount_each(self) -> Money:
        return Money(self.hourly.minor * self.choice.hours, self.hourly.currency)

    @property
    def amount(self) -> Money:
        return Money(self.amount_each.minor * self.choice.quantity, self.hourly.currency)

    @property
    def list_amount(self) -> Money:
        return Money(self.list_hourly.minor * self.choice.hours * self.choice.quantity)

    @property
    def name(self) -> str:
        offering = self.plan.offering
        cards = (
            f"{offering.gpu_model} × {offering.gpu_count}" if offering.gpu_model else offering.name
        )
        return f"{cards} · {offering.supplier.display_name}"

    @property
    def specs(self) -> dict[str, Any]:
        """The facts as sold, to be kept with the order."""
        offering = self.plan.offering
        return {
            "sku": offering.sku,
            "gpu": str(offering.gpu_model) if offering.gpu_model else "",
            "gpu_count": offering.gpu_count,
            "gpu_memory_gb": offering.gpu_memory_gb,
            "vcpu": offering.vcpu,
            "ram_gb": str(offering.ram_gb) if offering.ram_gb is not None else None,
            "plan": self.plan.kind,
            "hub": offering.supplier.hub.name if offering.supplier.hub else "",
            "list_hourly": str(self.list_hourly),
        }


def price(choices: Sequence[Choice], *, at: datetime) -> list[PricedChoice]:
    """Prices every choice, in the order given. Two queries however many there are.

    Raises NoLongerSold for what cannot be bought now, TooMany for impossible quantities.
    """
    priced = []
    for choice, found in zip(choices, price_each(choices, at=at), strict=True):
        if found is None:
            raise NoLongerSold(name=_name(choice.plan_id))
        priced.append(found)
    return priced


def price_each(choices: Sequence[Choice], *, at: datetime) -> list[PricedChoice | None]:
    """Like `price`, with None for what cannot be bought now."""
    for choice in choices:
        choice.check()
    percent = retail.retail_percent(at=at)
    found = {row.plan.public_id: row for row in _prices([c.plan_id for c in choices], at)}
    rows = [(choice, found.get(choice.plan_id)) for choice in choices]
    return [_priced(choice, row, percent) if row else None for choice, row in rows]


def price_hour(plan_id: UUID, quantity: int, *, at: datetime) -> PricedChoice:
    """An hour of what is paid afterwards. Raises NoLongerSold, NotPaidAfterwards."""
    choice = Choice(plan_id, quantity, 1)
    choice.check()
    row = next(iter(_prices([plan_id], at)), None)
    if row is None:
        raise NoLongerSold(name=_name(plan_id))
    if row.plan.kind != PlanKind.POSTPAID:
        raise NotPaidAfterwards
    return _priced(choice, row, retail.retail_percent(at=at), postpaid=True)


def _priced(
    choice: Choice, row: Price, percent: Decimal, *, postpaid: bool = False
) -> PricedChoice:
    if row.plan.kind == PlanKind.POSTPAID and not postpaid:
        raise PaidAfterwards
    step = step_hours(row.plan.kind)
    if choice.hours % step:
        raise WholeMonths(field="hours", hours=step)
    return PricedChoice(
        choice=choice,
        plan=row.plan,
        list_hourly=retail.hourly(row.list_hourly, retail.HUNDRED),
        hourly=retail.hourly(row.list_hourly, percent),
    )


def sum_of(priced: Sequence[PricedChoice]) -> Money:
    return total(item.amount for item in priced)


def _prices(plan_ids: Sequence[UUID], at: datetime) -> list[Price]:
    sold = SellingWindow.objects.filter(
        supplier=OuterRef("plan__offering__supplier"), during__contains=timezone.localdate(at)
    )
    return list(
        Price.objects.filter(
            Exists(sold),
            plan__public_id__in=plan_ids,
            effective__contains=at,
            plan__state=PlanState.ACTIVE,
            plan__offering__state=OfferingState.ACTIVE,
            plan__offering__supplier__state=SupplierState.ACTIVE,
        ).select_related("plan__offering__supplier__hub", "plan__offering__gpu_model")
    )


def _name(plan_id: UUID) -> str:
    plan = Plan.objects.select_related("offering__gpu_model").filter(public_id=plan_id).first()
    return str(plan.offering.gpu_model or plan.offering.name) if plan else str(plan_id)
