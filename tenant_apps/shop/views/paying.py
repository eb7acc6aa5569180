"""Paying for an order: by the provider's page, by QR code or from the balance; or not at all."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import segno
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from billing.balances import queries as balances
from billing.ledger.errors import FloorBreached
from billing.payments import queries as payments
from billing.payments.enums import IntentState, Method
from billing.payments.models import PaymentIntent
from billing.payments.returning import back_to
from shared_apps.identity.access import Customer, access, person
from shared_apps.kernel import clock
from shared_apps.kernel.errors import ProviderError
from tenant_apps.orders import queries as orders
from tenant_apps.orders.enums import OrderState, PayBy
from tenant_apps.orders.errors import NotAwaitingPayment, OrderNotFound
from tenant_apps.orders.models import Order
from tenant_apps.orders.services import paying, placing


def begin(request: HttpRequest, order: Order, pay_by: str) -> HttpResponse:
    """Starts paying; an order that is paid, over or too late is shown as it stands instead."""
    if order.state != OrderState.AWAITING_PAYMENT:
        return redirect("shop:order", order.public_id)
    try:
        if pay_by == PayBy.BALANCE:
            paying.pay_from_balance(order=order, at=clock.now())
            return redirect("shop:order", order.public_id)
        intent = paying.start_payment(
            order=order,
            method=pay_by,
            back=back_to(request, reverse("shop:order", args=[order.public_id])),
            at=clock.now(),
        )
    except NotAwaitingPayment:
        return redirect("shop:order", order.public_id)
    except FloorBreached as refused:
        return _pay_page(request, order, None, problem=str(refused))
    except ProviderError:
        return _pay_page(request, order, None, problem=_("暂时没有连上支付宝"))
    return redirect(f"{reverse('shop:pay', args=[order.public_id])}?by={intent.method}")


@access(Customer)
@require_POST
def pay_with(request: HttpRequest, public_id: UUID, pay_by: str) -> HttpResponse:
    """Chooses, or changes, how an order is paid."""
    order = orders.order(person(request), public_id)
    if pay_by not in PayBy.values:
        raise OrderNotFound
    return begin(request, order, pay_by)


@access(Customer)
@require_GET
def pay(request: HttpRequest, public_id: UUID) -> HttpResponse:
    order = orders.order(person(request), public_id)
    if order.state != OrderState.AWAITING_PAYMENT:
        return redirect("shop:order", public_id)
    asked = request.GET.get("by")
    open_intents = [
        intent
        for intent in payments.intents_of_order(order_id=public_id)
        if intent.state == IntentState.OPEN and (intent.redirect_url or intent.qr_content)
    ]
    intent = next(
        (i for i in open_intents if i.method == asked), open_intents[0] if open_intents else None
    )
    return _pay_page(request, order, intent)


def _pay_page(
    request: HttpRequest, order: Order, intent: PaymentIntent | None, *, problem: str = ""
) -> HttpResponse:
    at = clock.now()
    available = balances.balance_of(customer_id=order.customer.public_id).available
    enough = available >= order.total
    from_balance = _("用余额付款") if enough else _("余额不足（%(sum)s 元）") % {"sum": available}
    others = [
        {
            "label": label,
            "url": reverse("shop:pay_with", args=[order.public_id, way]),
            "disabled": way == PayBy.BALANCE and not enough,
        }
        for way, label in (
            (PayBy.ALIPAY_PAGE, _("支付宝网页支付")),
            (PayBy.ALIPAY_QR, _("支付宝扫码")),
            (PayBy.BALANCE, from_balance),
        )
        if intent is None or way != intent.method
    ]
    return render(
        request,
        "shop/pay.html",
        {
            "order": _order_head(order),
            "pay_by": intent.method if intent else "",
            "qr": qr_svg(intent.qr_content) if intent and intent.qr_content else "",
            "cashier_url": intent.redirect_url
            if intent and intent.method == Method.ALIPAY_PAGE
            else "",
            "expires_at": order.expires_at,
            "state": "WAITING" if at < order.expires_at else "EXPIRED",
            "state_url": reverse("shop:pay_state", args=[order.public_id]),
            "cancel_url": reverse("shop:order_cancel", args=[order.public_id]),
            "other_ways": others,
            "problem": problem,
            "section": "cart",
        },
        status=409 if problem else 200,
    )


def qr_svg(content: str) -> str:
    """A QR code as an inline drawing: nothing is fetched, and the text leaves this page only by eye."""
    drawing = segno.make(content, error="m").svg_inline(omitsize=True, border=0)
    return mark_safe(drawing)  # noqa: S308  a drawing of squares; the text is not in it


def _order_head(order: Order) -> dict[str, Any]:
    return {
        "number": order.number,
        "url": reverse("shop:order", args=[order.public_id]),
        "due": order.total,
    }


@access(Customer)
@require_GET
def pay_state(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The live part of the pay page; leads on to the order when it is paid."""
    order = orders.order(person(request), public_id)
    at = clock.now()
    if order.state == OrderState.AWAITING_PAYMENT:
        paid = any(
            i.state == IntentState.SUCCEEDED for i in payments.intents_of_order(order_id=public_id)
        )
        state = "CONFIRMING" if paid else "WAITING" if at < order.expires_at else "EXPIRED"
    else:
        state = "CANCELLED" if order.state == OrderState.CANCELLED else "PAID"
    response = render(
        request,
        "shop/_pay_state.html",
        {
            "state": state,
            "expires_at": order.expires_at,
            "state_url": reverse("shop:pay_state", args=[public_id]),
            "order": _order_head(order),
        },
    )
    if state in ("PAID", "CANCELLED"):
        response["HX-Redirect"] = reverse("shop:order", args=[public_id])
    if state == "EXPIRED":  # the page still shows how to pay: show it without
        response["HX-Redirect"] = reverse("shop:pay", args=[public_id])
    return response


@access(Customer)
@require_POST
def order_cancel(request: HttpRequest, public_id: UUID) -> HttpResponse:
    order = orders.order(person(request), public_id)
    try:
        placing.cancel(order_id=order.public_id, at=clock.now(), reason="客户取消")
    except NotAwaitingPayment as late:
        messages.warning(request, str(late))
    return redirect("shop:order", public_id)
