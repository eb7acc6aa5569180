"""Buying: the cart and the checkout."""

from __future__ import annotations

from collections.abc import Sequence
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
from shared_apps.catalog import queries as catalog
from shared_apps.catalog.enums import PlanKind
from shared_apps.identity.access import Customer, access, person
from shared_apps.kernel import clock, ids, signing
from shared_apps.kernel.errors import DomainError
from shared_apps.kernel.money import Money
from tenant_apps.customers.models import Customer as CustomerRow
from tenant_apps.customers.queries import customer_of
from tenant_apps.orders import queries as orders
from tenant_apps.orders.enums import PayBy
from tenant_apps.orders.errors import EmptyCart, NoLongerSold, PriceChanged, TermsNotAccepted
from tenant_apps.orders.models import MOST_HOURS, MOST_PER_ITEM
from tenant_apps.orders.pricing import Choice, PricedChoice, price, sum_of
from tenant_apps.orders.services import cart as carts
from tenant_apps.orders.services import placing
from tenant_apps.shop.cards import hours_label, spec_chips
from tenant_apps.shop.forms import AddForm, QuantityForm
from tenant_apps.shop.ways import offered

from . import paying

QUOTE_LASTS = timedelta(hours=2)


@access(Customer)
@require_POST
def cart_add(request: HttpRequest) -> HttpResponse:
    """Into the cart, or straight to the checkout with this choice alone."""
    form = AddForm(request.POST)
    if not form.is_valid():
        messages.warning(
            request,
            _("时长为 1 小时至 %(hours)s 小时，单次最多 %(most)s 台，请重新选择。")
            % {"hours": MOST_HOURS, "most": MOST_PER_ITEM},
        )
        return redirect(_offer_of(request.POST.get("plan", "")) or reverse("shop:catalogue"))
    choice = Choice(
        form.cleaned_data["plan"], form.cleaned_data["quantity"], form.cleaned_data["hours"]
    )
    if _kind_of(choice.plan_id) == PlanKind.POSTPAID:
        asked = urlencode({"plan": choice.plan_id, "quantity": choice.quantity})
        return redirect(f"{reverse('shop:postpaid')}?{asked}")
    if request.POST.get("then") == "checkout":
        # With the order's key in its address, the page that the back button brings is the same order.
        asked = urlencode({"quote": _quote([choice], None), "key": ids.new_id()})
        return redirect(f"{reverse('shop:checkout')}?{asked}")
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
        groups.setdefault(str(offering.supplier), []).append(
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
    direct = "quote" in request.GET
    if direct:
        choices, _shown = _read_quote(request.GET["quote"])
    else:
        held = orders.cart(who, at=clock.now())
        choices = held.choices
        if len(choices) < len(held.lines):  # the cart says what can no longer be had
            return redirect("shop:cart")
    if not choices:
        return redirect("shop:cart")
    try:
        return _checkout_page(request, who, choices, direct=direct)
    except NoLongerSold as gone:
        return _gone(request, gone, choices, direct=direct)


def _gone(
    request: HttpRequest, gone: NoLongerSold, choices: Sequence[Choice], *, direct: bool
) -> HttpResponse:
    """To where the choice was made, which shows what can be had instead."""
    messages.warning(request, str(gone))
    return redirect((direct and _offer_of(str(choices[0].plan_id))) or reverse("shop:cart"))


def _kind_of(plan_id: UUID) -> str:
    """The way in which a plan is bought; nothing where there is no such plan."""
    try:
        _row, plan = catalog.offer_of_plan(plan_id=plan_id, at=clock.now())
    except DomainError:
        return ""
    return plan.kind


def _offer_of(plan_id: str) -> str:
    """The page where a plan is chosen; nothing where there is no such plan."""
    try:
        row, _plan = catalog.offer_of_plan(plan_id=UUID(plan_id), at=clock.now())
    except (ValueError, DomainError):
        return ""
    return reverse("shop:offer", args=[row.public_id])


def _submit(request: HttpRequest, who: CustomerRow) -> HttpResponse:
    choices, shown = _read_quote(request.POST.get("quote", ""))
    direct = request.POST.get("direct") == "1"
    pay_by = request.POST.get("pay_by", "")
    problems: dict[str, str] = {}
    if pay_by not in PayBy.values:
        problems["pay_by"] = _("请选择付款方式。")
    if not request.POST.get("agree"):
        problems["agree"] = str(TermsNotAccepted().sentence)
    if problems or shown is None:
        return _checkout_page(request, who, choices, direct=direct, problems=problems, status=422)
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
        return _checkout_page(request, who, choices, direct=direct, changed=change, status=409)
    except NoLongerSold as gone:
        return _gone(request, gone, choices, direct=direct)
    except DomainError as refused:
        return _checkout_page(
            request, who, choices, problems={"form": str(refused)}, status=refused.status
        )
    return paying.begin(request, order, pay_by)


def _checkout_page(
    request: HttpRequest,
    who: CustomerRow,
    choices: Sequence[Choice],
    *,
    direct: bool = False,
    problems: dict[str, str] | None = None,
    changed: PriceChanged | None = None,
    status: int = 200,
) -> HttpResponse:
    at = clock.now()
    if not choices:
        raise EmptyCart
    priced = price(choices, at=at)
    due = sum_of(priced)
    balance = balances.balance_of(customer_id=who.public_id).available
    enough = balance >= due
    at_providers = offered(request)
    first = PayBy.BALANCE.value if enough or not at_providers else at_providers[0].value
    chosen = request.POST.get("pay_by") or first
    pays: list[dict[str, Any]] = [
        *(
            {"value": way.value, "label": way.label, "note": way.note, "icon": way.icon}
            for way in at_providers
        ),
        {
            "value": PayBy.BALANCE,
            "icon": "wallet",
            "label": _("余额 %(balance)s 元") % {"balance": _yuan(balance)},
            "note": ""
            if enough
            else _("余额不足，还差 %(gap)s 元") % {"gap": _yuan(due - balance)},
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
            "request_key": request.POST.get("request_key")
            or request.GET.get("key")
            or ids.new_id(),
            "quote": _quote(choices, due),
            "terms_version": placing.TERMS_VERSION,
            "terms_url": reverse("shop:terms"),
            "direct": direct,
            "back_url": _back(choices) if direct else reverse("shop:cart"),
            "recharge_url": "" if enough else reverse("shop:balance"),
            "pays": [p | {"checked": p["value"] == chosen} for p in pays],
            "changed": {"was": changed.shown, "now": changed.now} if changed else None,
            "errors": problems or {},
            "agreed": bool(request.POST.get("agree")),
            "section": "cart",
        },
        status=status,
    )


def _back(choices: Sequence[Choice]) -> str:
    """The page where this choice was made, as it was made."""
    (choice,) = choices[:1]
    asked = urlencode({"plan": choice.plan_id, "hours": choice.hours, "quantity": choice.quantity})
    return f"{_offer_of(str(choice.plan_id))}?{asked}"


def _yuan(amount: Money) -> str:
    return f"{amount.decimal:,.2f}"
