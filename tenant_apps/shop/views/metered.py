"""What is paid afterwards: opening it, ending it, and the month's bills."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from billing.balances import queries as balances
from billing.metering import queries as metering
from billing.metering.enums import BillState
from billing.metering.models import Bill
from billing.metering.services import bills
from shared_apps.catalog import queries as catalog
from shared_apps.identity.access import Customer, access, person
from shared_apps.kernel import clock, ids
from shared_apps.kernel.errors import DomainError
from shared_apps.kernel.money import Money
from tenant_apps.customers.queries import customer_of
from tenant_apps.fulfilment import queries as resources
from tenant_apps.fulfilment.services import opening
from tenant_apps.orders.errors import NoLongerSold
from tenant_apps.orders.models import MOST_PER_ITEM
from tenant_apps.orders.pricing import price_hour
from tenant_apps.orders.services import placing

PER_PAGE = 20
BILL_TONES = {
    BillState.OPEN: "grey",
    BillState.DUE: "amber",
    BillState.OVERDUE: "red",
    BillState.PAID: "green",
}


@access(Customer)
def postpaid(request: HttpRequest) -> HttpResponse:
    """按量后付费: what it costs, what bears it; opened at once, without paying."""
    asked = request.POST if request.method == "POST" else request.GET
    try:
        plan = UUID(asked.get("plan", ""))
    except ValueError:
        return redirect("shop:catalogue")
    told = asked.get("quantity", "")
    quantity = min(max(int(told) if told.isdecimal() and len(told) < 4 else 1, 1), MOST_PER_ITEM)
    who = customer_of(person(request))
    try:
        row, _plan = catalog.offer_of_plan(plan_id=plan, at=clock.now())
        item = price_hour(plan, quantity, at=clock.now())
    except (NoLongerSold, LookupError) as gone:
        messages.warning(request, str(gone))
        return redirect("shop:catalogue")
    problem = ""
    if request.method == "POST":
        shown = request.POST.get("shown", "")
        try:
            order = placing.open_postpaid(
                customer=who,
                plan_id=plan,
                quantity=quantity,
                shown_hourly=Money(int(shown) if shown.isdecimal() and len(shown) < 13 else 0),
                terms_version=request.POST.get("agree", ""),
                request_key=_key(request),
                at=clock.now(),
            )
        except DomainError as refused:
            problem = str(refused)
        else:
            return redirect("shop:order", order.public_id)
    line = metering.credit_of(customer_id=who.public_id)
    return render(
        request,
        "shop/postpaid.html",
        {
            "name": item.name,
            "plan": plan,
            "quantity": quantity,
            "hourly": item.hourly,
            "hour": item.amount,
            "needed": Money(item.amount.minor * placing.HOURS_OF_ROOM),
            "balance": balances.balance_of(customer_id=who.public_id).available,
            "credit": line.limit - line.used if line else Money.zero(),
            "problem": problem,
            "terms_version": placing.TERMS_VERSION,
            "request_key": request.POST.get("request_key") or ids.new_id(),
            "back_url": reverse("shop:offer", args=[row.public_id]),
            "section": "catalogue",
        },
        status=409 if problem else 200,
    )


def _key(request: HttpRequest) -> UUID:
    try:
        return UUID(request.POST.get("request_key", ""))
    except ValueError:
        return ids.new_id()


@access(Customer)
@require_POST
def resource_stop(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Ends a machine that is paid afterwards; what was used up to now is charged."""
    row = resources.resource(person(request), public_id)
    if row.metered_until is None:
        messages.error(request, _("这个资源是预付的，可以退订未使用的小时。"))
    else:
        opening.terminate(line_id=row.line.public_id, at=clock.now(), reason="客户停止使用")
        messages.success(request, _("已停止使用，费用算到现在。"))
    return redirect("shop:resource", public_id)


@access(Customer)
@require_GET
def bill_list(request: HttpRequest) -> HttpResponse:
    who = customer_of(person(request))
    found = metering.bills(customer_ids=[who.public_id])
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    line = metering.credit_of(customer_id=who.public_id)
    return render(
        request,
        "shop/bills.html",
        {
            "bills": [_bill(row) for row in page],
            "page": page,
            "limit": line.limit if line else Money.zero(),
            "used": line.used if line else Money.zero(),
            "waiting": metering.waiting_of(customer_id=who.public_id),
            "section": "mine",
        },
    )


def _bill(row: Bill) -> dict[str, Any]:
    return {
        "number": row.number,
        "month": row.month,
        "url": reverse("shop:bill", args=[row.public_id]),
        "total": row.total,
        "owed": row.owed,
        "due_at": row.due_at,
        "state": row.state,
        "state_label": row.get_state_display(),
        "tone": BILL_TONES[BillState(row.state)],
    }


@access(Customer)
@require_GET
def bill(request: HttpRequest, public_id: UUID) -> HttpResponse:
    who = customer_of(person(request))
    row = metering.bill(public_id=public_id, customer_id=who.public_id)
    page = Paginator(metering.charges_of(bill=row), 50).get_page(request.GET.get("page"))
    return render(
        request,
        "shop/bill.html",
        {
            "bill": _bill(row),
            "charges": [
                {
                    "name": charge.usage.name,
                    "starts_at": charge.usage.starts_at,
                    "quantity": charge.usage.quantity,
                    "hourly": Money(charge.hourly_minor),
                    "amount": charge.amount,
                    "credit": Money(charge.credit_minor),
                    "is_correction": charge.is_correction,
                }
                for charge in page
            ],
            "page": page,
            "balance": balances.balance_of(customer_id=who.public_id).available,
            "pay_url": reverse("shop:bill_pay", args=[public_id]) if row.owed else "",
            "section": "mine",
        },
    )


@access(Customer)
@require_POST
def bill_pay(request: HttpRequest, public_id: UUID) -> HttpResponse:
    who = customer_of(person(request))
    try:
        paid = bills.pay(bill_id=public_id, customer_id=who.public_id, at=clock.now())
    except DomainError as refused:
        if refused.status == 404:
            raise
        messages.error(request, str(refused))
    else:
        messages.success(request, _("账单 %(number)s 已从余额支付。") % {"number": paid.number})
    return redirect("shop:bill", public_id)
