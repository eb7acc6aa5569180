"""The only writes of the catalogue besides the import. One use case, one transaction each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection, transaction
from psycopg.types.range import TimestamptzRange

from shared_apps.audit.services import record
from shared_apps.suppliers.adapters.base import CatalogPlan
from shared_apps.suppliers.models import Supplier

from . import indexing, terms
from .enums import OFFERING_MOVES, OfferingState, PlanKind, PlanState
from .errors import OfferingMoveRefused, PriceBackdated, RateInvalid
from .models import FxRate, Offering, Plan, Price
from .prices import LIST_CURRENCY, to_list_hourly


@dataclass(frozen=True, slots=True)
class Quote:
    plan_id: int
    amount: Decimal
    currency: str
    fx: FxRate | None = None


def state_rate(*, base: str, rate: Decimal, source: str, at: datetime) -> FxRate:
    """Stores a rate with the word it stands on. Prices already listed keep the rate of their day."""
    check_rate(rate=rate, source=source)
    with transaction.atomic():
        fx = FxRate(base=base, quote=LIST_CURRENCY, rate=rate, source=source, effective_at=at)
        fx.save(force_insert=True)
        record("fx_rate.state", obj=fx, after={"base": base, "rate": str(rate), "source": source})
    return fx


def check_rate(*, rate: Decimal, source: str) -> None:
    if not rate.is_finite() or not 0 < rate < 1_000_000 or rate != round(rate, 6):
        raise RateInvalid(field="rate")
    if not source.strip() or len(source) > 200:
        raise RateInvalid(field="rate_source")


def set_price(
    *,
    plan: Plan,
    amount: Decimal,
    at: datetime,
    currency: str = LIST_CURRENCY,
    fx: FxRate | None = None,
) -> Price:
    """Lists a new price from `at` on; the row in force is closed there. The same price does nothing."""
    with transaction.atomic():
        changed = replace_prices([Quote(plan.pk, amount, currency, fx)], at=at)
        for _, before, after in changed:
            record(
                "price.set",
                obj=plan,
                before={"list_hourly": str(before)} if before is not None else None,
                after={"list_hourly": str(after), "from": at.isoformat()},
            )
        return Price.objects.get(plan=plan, effective__endswith__isnull=True)


def replace_prices(
    quotes: Sequence[Quote], *, at: datetime
) -> list[tuple[int, Decimal | None, Decimal]]:
    """Closes open prices and opens new ones, inside the caller's transaction; the caller audits.

    Locks the plans in the order of their keys. Returns (plan, before, after) of those that changed.
    """
    plan_ids = sorted(quote.plan_id for quote in quotes)
    list(Plan.objects.select_for_update().filter(pk__in=plan_ids).order_by("pk").values_list("pk"))
    current = {
        price.plan_id: price
        for price in Price.objects.filter(plan_id__in=plan_ids, effective__endswith__isnull=True)
    }
    closing: list[int] = []
    opening: list[Price] = []
    changed: list[tuple[int, Decimal | None, Decimal]] = []
    for quote in quotes:
        hourly = to_list_hourly(quote.amount, currency=quote.currency, fx=quote.fx)
        price = current.get(quote.plan_id)
        if price is not None:
            listed = (price.list_hourly, price.source_amount, price.source_currency)
            if listed == (hourly, quote.amount, quote.currency):
                continue
            if at <= price.effective.lower:
                raise PriceBackdated()
            closing.append(price.pk)
        opening.append(
            Price(
                plan_id=quote.plan_id,
                effective=TimestamptzRange(at, None),
                list_hourly=hourly,
                source_amount=quote.amount,
                source_currency=quote.currency,
                fx_rate=quote.fx,
            )
        )
        changed.append((quote.plan_id, price.list_hourly if price else None, hourly))
    if closing:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE catalog_price SET effective = tstzrange(lower(effective), %s) WHERE id = ANY(%s)",
                [at, closing],
            )
    Price.objects.bulk_create(opening)
    return changed


def offer_terms(*, supplier: Supplier, at: datetime) -> int:
    """Offers a supplier's GPU machines also by the month and paid afterwards, at the stated factors.

    Safe to repeat, and to be repeated when prices on demand have changed. Returns how many prices are new.
    """
    with transaction.atomic():
        stated = Price.objects.filter(
            plan__offering__supplier=supplier,
            plan__offering__state=OfferingState.ACTIVE,
            plan__offering__gpu_count__gt=0,
            plan__kind=PlanKind.ON_DEMAND,
            plan__state=PlanState.ACTIVE,
            effective__endswith__isnull=True,
        ).select_related("plan")
        quotes: list[Quote] = []
        for kind in terms.FACTORS:
            present = {
                plan.offering_id: plan
                for plan in Plan.objects.filter(offering__supplier=supplier, kind=kind)
            }
            new = [
                Plan(
                    offering_id=price.plan.offering_id,
                    kind=kind,
                    external_service_id=price.plan.external_service_id,
                    external_plan_id=price.plan.external_plan_id,
                )
                for price in stated
                if price.plan.offering_id not in present
            ]
            present |= {plan.offering_id: plan for plan in Plan.objects.bulk_create(new)}
            for price in stated:
                plan = present[price.plan.offering_id]
                plan.external_service_id = price.plan.external_service_id
                plan.external_plan_id = price.plan.external_plan_id
                hourly = terms.derived_hourly(price.list_hourly, kind)
                quotes.append(Quote(plan.pk, hourly, LIST_CURRENCY))
            Plan.objects.bulk_update(
                present.values(), ["external_service_id", "external_plan_id"], batch_size=500
            )
        changed = replace_prices(quotes, at=at)
        if changed:
            record("plan.offer_terms", obj=supplier, after={"prices": len(changed)})
    return len(changed)


def move_offering(*, offering: Offering, state: str) -> Offering:
    """Puts an offering on sale, pauses it or takes it off the shelf for good."""
    with transaction.atomic():
        locked = Offering.objects.select_for_update(of=("self",)).get(pk=offering.pk)
        if state not in OFFERING_MOVES[locked.state]:
            raise OfferingMoveRefused(state=locked.state, wanted=state)
        before, locked.state = locked.state, state
        locked.save(update_fields=["state"])
        record("offering.move", obj=locked, before={"state": before}, after={"state": state})
    return locked


def reindex(*, supplier: Supplier) -> int:
    """Makes the search words of a supplier's offerings anew, after its name or hub has changed."""
    with transaction.atomic():
        offerings = list(
            Offering.objects.select_related("gpu_model").filter(supplier=supplier).defer("search")
        )
        index(offerings, {supplier.pk: supplier})
    return len(offerings)


def index(offerings: Sequence[Offering], suppliers: dict[int, Supplier]) -> None:
    """Writes the search words of saved offerings, in the caller's transaction."""
    spot = set(
        Plan.objects.filter(
            offering__in=[o.pk for o in offerings], kind=PlanKind.SPOT, state=PlanState.ACTIVE
        ).values_list("offering_id", flat=True)
    )
    for offering in offerings:
        offering.search = indexing.vector(
            offering=offering,
            supplier=suppliers[offering.supplier_id],
            gpu=offering.gpu_model,
            spot=offering.pk in spot,
        )
    Offering.objects.bulk_update(offerings, ["search"], batch_size=500)


def link_plans(*, supplier: Supplier, broker_plans: Sequence[CatalogPlan]) -> tuple[int, list[str]]:
    """Takes over the ids by which a supplier's broker knows our plans. Safe to repeat.

    A broker's plan is ours by its id, or else by its SKU (then it is the plan on demand). Returns how
    many plans were changed, and the broker's plans that are none of ours.
    """
    with transaction.atomic():
        plans = list(
            Plan.objects.select_for_update(of=("self",))
            .select_related("offering")
            .filter(offering__supplier=supplier)
        )
        by_id = {plan.external_plan_id: plan for plan in plans if plan.kind not in terms.FACTORS}
        by_sku = {plan.offering.sku: plan for plan in plans if plan.kind == PlanKind.ON_DEMAND}
        changed: list[Plan] = []
        unknown: list[str] = []
        for broker_plan in broker_plans:
            plan = by_id.get(broker_plan.plan_id) or by_sku.get(broker_plan.sku)
            if plan is None:
                unknown.append(broker_plan.plan_id)
                continue
            ids = (broker_plan.service_id, broker_plan.plan_id)
            if (plan.external_service_id, plan.external_plan_id) != ids:
                plan.external_service_id, plan.external_plan_id = ids
                changed.append(plan)
        Plan.objects.bulk_update(changed, ["external_service_id", "external_plan_id"])
        if changed:
            record(
                "plan.link", obj=supplier, after={"changed": len(changed), "unknown": unknown[:50]}
            )
    return len(changed), unknown
