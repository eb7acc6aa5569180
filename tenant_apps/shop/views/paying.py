"""Paying for an order: by the provider's page, by QR code or from the balance; or not at all."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from billing.balances import queries as balances
from billing.ledger.errors import FloorBreached
from billing.payments import queries as payments
from billing.payments.enums import PROVIDER_OF, IntentState, Method, Provider
from billing.payments.errors import NoMerchantAccount
from billing.payments.models import PaymentIntent
from billing.payments.returning import back_to
from billing.payments.services.intents import Return
from shared_apps.identity.access import Customer, access, person
from shared_apps.kernel import clock
from shared_apps.kernel.errors import ProviderError
from tenant_apps.orders import queries as orders
from tenant_apps.orders.enums import OrderState, PayBy
from tenant_apps.orders.errors import NotAwaitingPayment, OrderNotFound
from tenant_apps.orders.models import Order
from tenant_apps.orders.services import paying, placing
from tenant_apps.shop.ways import how, offered, provider_name

from .orders import RETURNED

# Money that came is held for its order within moments; later it was spent on another, and is paid anew.
CONFIRMED_WITHIN = timedelta(minutes=1)


def begin(request: HttpRequest, order: Order, pay_by: str) -> HttpResponse:
    """Starts paying; an order that is paid, over or too late is shown as it stands instead."""
    if order.state != OrderState.AWAITING_PAYMENT:
        return redirect("shop:order", order.public_id)
    try:
        if pay_by == PayBy.BALANCE:
            paying.pay_from_balance(order=order, at=clock.now())
            return redirect("shop:order", order.public_id)
        intent = paying.start_payment(
            order=order, method=pay_by, back=_back(request, order, pay_by), at=clock.now()
        )
    except NotAwaitingPayment:
        return redirect(f"{reverse('shop:order', args=[order.public_id])}?{RETURNED}=1")
    except (FloorBreached, NoMerchantAccount) as refused:
        return _pay_page(request, order, None, problem=str(refused))
    except ProviderError:
        sentence = _("暂时没有连上%(provider)s") % {"provider": provider_name(pay_by)}
        return _pay_page(request, order, None, problem=sentence)
    return redirect(f"{reverse('shop:pay', args=[order.public_id])}?by={intent.method}")


def _back(request: HttpRequest, order: Order, pay_by: str) -> Return:
    """Where the buyer comes back to; Alipay says by itself that he does."""
    home = reverse("shop:order", args=[order.public_id])
    by_alipay = PROVIDER_OF[Method(pay_by)] == Provider.ALIPAY
    return back_to(request, home if by_alipay else f"{home}?{RETURNED}=1")


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
    return _pay_page(request, order, _begun(request, public_id))


def _begun(request: HttpRequest, order_id: UUID) -> PaymentIntent | None:
    """The payment that the page is about: the newest of the method asked for, or what is open.

    A code that ran out is shown as such; an address that did is as if it had never been.
    """
    tries = [
        intent
        for intent in payments.intents_of_order(order_id=order_id)
        if intent.redirect_url or intent.qr_content
    ]
    asked = next((one for one in tries if one.method == request.GET.get("by")), None)
    if asked is not None and (asked.qr_content or not _over(asked)):
        return asked
    return next((one for one in tries if not _over(one)), None)


def _over(intent: PaymentIntent) -> bool:
    return intent.state != IntentState.OPEN or clock.now() >= intent.expires_at


def _state(order: Order, intent: PaymentIntent | None) -> str:
    if order.state != OrderState.AWAITING_PAYMENT:
        return "CANCELLED" if order.state == OrderState.CANCELLED else "PAID"
    just_paid = payments.intents_of_order(order_id=order.public_id).filter(
        state=IntentState.SUCCEEDED, payment__recorded_at__gt=clock.now() - CONFIRMED_WITHIN
    )
    if just_paid.exists():
        return "CONFIRMING"
    if clock.now() >= order.expires_at:
        return "EXPIRED"
    if intent is not None and intent.qr_content and _over(intent):
        return "CODE_OVER"
    return "WAITING"


def _pay_page(
    request: HttpRequest, order: Order, intent: PaymentIntent | None, *, problem: str = ""
) -> HttpResponse:
    available = balances.balance_of(customer_id=order.customer.public_id).available
    enough = available >= order.total
    from_balance = _("用余额付款") if enough else _("余额不足（%(sum)s 元）") % {"sum": available}
    others: list[dict[str, Any]] = [
        {"label": way.label, "url": _with(order, way.value)}
        for way in offered(request)
        if intent is None or way.value != intent.method
    ]
    others.append(
        {"label": from_balance, "url": _with(order, PayBy.BALANCE), "disabled": not enough}
    )
    return render(
        request,
        "shop/pay.html",
        {
            **_live(order, intent),
            **how(intent),
            "cancel_url": reverse("shop:order_cancel", args=[order.public_id]),
            "other_ways": others,
            "problem": problem,
            "section": "cart",
        },
        status=409 if problem else 200,
    )


def _with(order: Order, way: str) -> str:
    return reverse("shop:pay_with", args=[order.public_id, way])


def _live(order: Order, intent: PaymentIntent | None) -> dict[str, Any]:
    """What the live part of the page is made of."""
    url = reverse("shop:pay_state", args=[order.public_id])
    return {
        "order": _order_head(order),
        "state": _state(order, intent),
        "state_url": f"{url}?by={intent.method}" if intent else url,
        "expires_at": min(order.expires_at, intent.expires_at) if intent else order.expires_at,
        "again_url": _with(order, intent.method) if intent else "",
    }


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
    told = _live(order, _begun(request, public_id))
    response = render(request, "shop/_pay_state.html", told)
    if told["state"] in ("PAID", "CANCELLED"):
        response["HX-Redirect"] = reverse("shop:order", args=[public_id])
    if told["state"] == "EXPIRED":  # the page still shows how to pay: show it without
        response["HX-Redirect"] = reverse("shop:pay", args=[public_id])
    if told["state"] == "CODE_OVER":
        by = request.GET.get("by", "")
        response["HX-Redirect"] = f"{reverse('shop:pay', args=[public_id])}?{urlencode({'by': by})}"
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
