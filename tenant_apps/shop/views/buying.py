"""Buying: cart, checkout, paying, and the provider's page in between."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import segno
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from billing.ledger.errors import FloorBreached
from billing.payments import queries as payments
from billing.payments.enums import IntentState, Method
from billing.payments.models import PaymentIntent
from billing.payments.returning import back_to
from shared_apps.identity.access import Customer, access, person
from shared_apps.kernel import clock, ids, signing
from shared_apps.kernel.errors import DomainError, ProviderError
from shared_apps.kernel.money import Money
from tenant_apps.customers.models import Customer as CustomerRow
from tenant_apps.customers.queries import customer_of
from tenant_apps.orders import queries as orders
from tenant_apps.orders.enums import OrderState, PayBy
from tenant_apps.orders.errors import EmptyCart, OrderNotFound, PriceChanged, TermsNotAccepted
from tenant_apps.orders.models import MOST_PER_ITEM, Order
from tenant_apps.orders.pricing import Choice, PricedChoice, price, sum_of
from tenant_apps.orders.services import cart as carts
from tenant_apps.orders.services import paying, placing
from tenant_apps.shop.cards import hours_label, spec_chips
from tenant_apps.shop.forms import AddForm, QuantityForm

QUOTE_LASTS = timedelta(hours=2)


@access(Customer)
@require_POST
def cart_add(request: HttpRequest) -> HttpResponse:
    """Into the cart, or straight to the checkout with this choice alone."""
    form = AddForm(request.POST)
    if not form.is_valid():
        return HttpResponseRedirect(request.headers.get("Referer") or reverse("shop:catalogue"))
    choice = Choice(
        form.cleaned_data["plan"], form.cleaned_data["quantity"], form.cleaned_data["hours"]
    )
    if request.POST.get("then") == "checkout":
        return redirect(f"{reverse('shop:checkout')}?quote={_quote([choice], None)}")
    carts.add(customer=customer_of(person(request)), choice=choice)
    return redirect("shop:cart")


@access(Customer)
@require_GET
def cart(request: HttpRequest) -> HttpResponse:
    found = orders.cart(customer_of(person(request)), at=clock.now())
    groups: dict[str, list[dict[str, Any]]] = {}
    for line in found.lines:
        item, priced = line.item, line.priced
        offering = item.plan.offering
        groups.setdefault(offering.supplier.display_name, []).append(
            {
                "public_id": item.public_id,
                "name": str(offering.gpu_model or offering.name or offering.sku),
                "url": reverse("shop:offer", args=[offering.public_id]),
                "specs": spec_chips(priced.specs) if priced else [],
                "hours": item.hours,
                "hours_label": hours_label(item.hours),
                "quantity": item.quantity,
                "hourly": priced.hourly if priced else None,
                "amount": priced.amount if priced else Money.zero(),
                "problem": "" if priced else _("已下架或暂停销售，请移除。"),
                "update_url": reverse("shop:cart_update", args=[item.public_id]),
                "remove_url": reverse("shop:cart_remove", args=[item.public_id]),
            }
        )
    priced_lines = [line.priced for line in found.lines if line.priced]
    return render(
        request,
        "shop/cart.html",
        {
            "groups": [{"supplier": name, "items": items} for name, items in groups.items()],
            "lines": _sum_lines(priced_lines),
            "due": found.total,
            "most_quantity": MOST_PER_ITEM,
            "blocked": len(priced_lines) < len(found.lines),
            "section": "cart",
        },
    )


def _sum_lines(priced: Sequence[PricedChoice]) -> list[dict[str, Any]]:
    listed = Money(sum(item.list_amount.minor for item in priced))
    saved = listed - sum_of(priced)
    lines: list[dict[str, Any]] = [{"label": _("目录价"), "amount": listed}]
    if saved.minor > 0:
        lines.append({"label": _("店铺优惠"), "amount": -saved, "less": True})
    return lines


@access(Customer)
@require_POST
def cart_update(request: HttpRequest, public_id: UUID) -> HttpResponse:
    who = customer_of(person(request))
    item = orders.cart_item(who, public_id)
    form = QuantityForm(request.POST)
    if form.is_valid():
        carts.change(
            customer=who,
            item_id=public_id,
            quantity=form.cleaned_data["quantity"],
            hours=item.hours,
        )
    return redirect("shop:cart")


@access(Customer)
@require_POST
def cart_remove(request: HttpRequest, public_id: UUID) -> HttpResponse:
    who = customer_of(person(request))
    item = orders.cart_item(who, public_id)
    carts.change(customer=who, item_id=public_id, quantity=0, hours=item.hours)
    return redirect("shop:cart")


# ——— checkout ———


def _quote(choices: Sequence[Choice], shown: Money | None) -> str:
    """What is being bought and the sum that was shown, signed, so that the page may carry it."""
    return signing.dumps(
        {
            "items": [[str(c.plan_id), c.quantity, c.hours] for c in choices],
            "shown": shown.minor if shown is not None else None,
        },
        purpose="quote",
    )


def _read_quote(text: str) -> tuple[list[Choice], Money | None]:
    told = signing.loads(text, purpose="quote", max_age=QUOTE_LASTS)
    choices = [Choice(UUID(plan), quantity, hours) for plan, quantity, hours in told["items"]]
    return choices, Money(told["shown"]) if told["shown"] is not None else None


@access(Customer)
def checkout(request: HttpRequest) -> HttpResponse:
    who = customer_of(person(request))
    if request.method == "POST":
        return _submit(request, who)
    if request.GET.get("quote"):
        choices, _shown = _read_quote(request.GET["quote"])
    else:
        choices = orders.cart(who, at=clock.now()).choices
    if not choices:
        return redirect("shop:cart")
    return _checkout_page(request, who, choices)


def _submit(request: HttpRequest, who: CustomerRow) -> HttpResponse:
    choices, shown = _read_quote(request.POST.get("quote", ""))
    pay_by = request.POST.get("pay_by", "")
    problems: dict[str, str] = {}
    if pay_by not in PayBy.values:
        problems["pay_by"] = _("请选择付款方式。")
    if not request.POST.get("agree"):
        problems["agree"] = str(TermsNotAccepted().sentence)
    if problems or shown is None:
        return _checkout_page(request, who, choices, problems=problems, status=422)
    try:
        key = UUID(request.POST.get("request_key", ""))
    except ValueError:
        key = ids.new_id()
    try:
        order = placing.place(
            customer=who,
            choices=choices,
            shown_total=shown,
            terms_version=request.POST["agree"],
            request_key=key,
            at=clock.now(),
        )
    except PriceChanged as change:
        return _checkout_page(request, who, choices, changed=change, status=409)
    except DomainError as refused:
        return _checkout_page(
            request, who, choices, problems={"form": str(refused)}, status=refused.status
        )
    return _pay(request, order, pay_by)


def _checkout_page(
    request: HttpRequest,
    who: CustomerRow,
    choices: Sequence[Choice],
    *,
    problems: dict[str, str] | None = None,
    changed: PriceChanged | None = None,
    status: int = 200,
) -> HttpResponse:
    at = clock.now()
    if not choices:
        raise EmptyCart
    priced = price(choices, at=at)
    due = sum_of(priced)
    balance = payments.balance_of(customer_id=who.public_id).available
    chosen = request.POST.get("pay_by") or (PayBy.BALANCE if balance >= due else PayBy.ALIPAY_PAGE)
    enough = balance >= due
    pays: list[dict[str, Any]] = [
        {
            "value": PayBy.ALIPAY_PAGE,
            "label": _("支付宝网页支付"),
            "note": _("跳转到支付宝收银台"),
        },
        {
            "value": PayBy.ALIPAY_QR,
            "label": _("支付宝扫码"),
            "note": _("本页出示二维码，用手机扫一扫"),
        },
        {
            "value": PayBy.BALANCE,
            "label": _("余额 %(balance)s 元") % {"balance": balance},
            "note": "" if enough else _("余额不足，还差 %(gap)s 元") % {"gap": due - balance},
            "disabled": not enough,
        },
    ]
    return render(
        request,
        "shop/checkout.html",
        {
            "items": [
                {
                    "name": item.name,
                    "detail": _("%(price)s 元/小时 × %(term)s × %(n)s 台")
                    % {
                        "price": item.hourly,
                        "term": hours_label(item.choice.hours),
                        "n": item.choice.quantity,
                    },
                    "amount": item.amount,
                }
                for item in priced
            ],
            "lines": _sum_lines(priced),
            "due": due,
            "request_key": request.POST.get("request_key") or ids.new_id(),
            "quote": _quote(choices, due),
            "terms_version": placing.TERMS_VERSION,
            "terms_url": reverse("shop:terms"),
            "balance": balance,
            "pays": [p | {"checked": p["value"] == chosen} for p in pays],
            "changed": {"was": changed.shown, "now": changed.now} if changed else None,
            "errors": problems or {},
            "agreed": bool(request.POST.get("agree")),
            "section": "cart",
        },
        status=status,
    )


# ——— paying ———


def _pay(request: HttpRequest, order: Order, pay_by: str) -> HttpResponse:
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
    except (FloorBreached, ProviderError) as refused:
        return _pay_page(request, order, None, problem=str(refused))
    return redirect(f"{reverse('shop:pay', args=[order.public_id])}?by={intent.method}")


@access(Customer)
@require_POST
def pay_with(request: HttpRequest, public_id: UUID, pay_by: str) -> HttpResponse:
    """Chooses, or changes, how an order is paid."""
    order = orders.order(person(request), public_id)
    if pay_by not in PayBy.values:
        raise OrderNotFound
    return _pay(request, order, pay_by)


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
    others = [
        {"label": label, "url": reverse("shop:pay_with", args=[order.public_id, way])}
        for way, label in (
            (PayBy.ALIPAY_PAGE, _("用支付宝网页支付")),
            (PayBy.ALIPAY_QR, _("用支付宝扫码")),
            (PayBy.BALANCE, _("用余额付款")),
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
    if state == "PAID":
        response["HX-Redirect"] = reverse("shop:order", args=[public_id])
    return response


@access(Customer)
@require_POST
def order_cancel(request: HttpRequest, public_id: UUID) -> HttpResponse:
    order = orders.order(person(request), public_id)
    placing.cancel(order_id=order.public_id, at=clock.now(), reason="客户取消")
    return redirect("shop:order", public_id)
