from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.db.models import F

from shared_apps.audit.services import record
from shared_apps.catalog.enums import PlanKind
from shared_apps.catalog.models import Plan
from shared_apps.catalog.terms import step_hours
from tenant_apps.customers.models import Customer
from tenant_apps.orders.errors import (
    NoLongerSold,
    PaidAfterwards,
    TooMany,
    TooManyChoices,
    WholeMonths,
)
from tenant_apps.orders.models import MOST_CHOICES, MOST_HOURS, MOST_PER_ITEM, CartItem
from tenant_apps.orders.pricing import Choice


def add(*, customer: Customer, choice: Choice) -> CartItem:
    """Puts a choice into the cart; the same plan and hours add up. Locks the item."""
    choice.check()
    with transaction.atomic():
        plan = Plan.objects.filter(public_id=choice.plan_id).first()
        if plan is None:
            raise NoLongerSold(name=str(choice.plan_id))
        _check_step(plan, choice.hours)
        item, created = CartItem.objects.select_for_update().get_or_create(
            customer=customer, plan=plan, hours=choice.hours, defaults={"quantity": choice.quantity}
        )
        if created and CartItem.objects.filter(customer=customer).count() > MOST_CHOICES:
            raise TooManyChoices(most=MOST_CHOICES)
        if not created:
            if item.quantity + choice.quantity > MOST_PER_ITEM:
                raise TooMany(most=MOST_PER_ITEM, hours=MOST_HOURS)
            item.quantity = F("quantity") + choice.quantity
            item.save(update_fields=["quantity"])
            item.refresh_from_db()
        record("cart.add", obj=item, after={"plan": str(choice.plan_id), "quantity": item.quantity})
    return item


def _check_step(plan: Plan, hours: int) -> None:
    if plan.kind == PlanKind.POSTPAID:
        raise PaidAfterwards
    step = step_hours(plan.kind)
    if hours % step:
        raise WholeMonths(field="hours", hours=step)


def change(*, customer: Customer, item_id: UUID, quantity: int, hours: int) -> None:
    """Sets quantity and hours of one item; a quantity of 0 removes it."""
    with transaction.atomic():
        item = (
            CartItem.objects.select_for_update()
            .filter(customer=customer, public_id=item_id)
            .first()
        )
        if item is None:
            return
        before = {"quantity": item.quantity, "hours": item.hours}
        if quantity == 0:
            record("cart.remove", obj=item, before=before)
            item.delete()
            return
        Choice(item.plan.public_id, quantity, hours).check()
        _check_step(item.plan, hours)
        CartItem.objects.filter(customer=customer, plan=item.plan, hours=hours).exclude(
            pk=item.pk
        ).delete()
        item.quantity, item.hours = quantity, hours
        item.save(update_fields=["quantity", "hours"])
        record("cart.change", obj=item, before=before, after={"quantity": quantity, "hours": hours})
