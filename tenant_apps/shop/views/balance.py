"""The customer's money: what there is, what happened to it, and recharging."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from billing.balances import queries as balances
from billing.ledger import queries as books
from billing.payments import queries as payments
from billing.payments.enums import IntentState, Method
from billing.payments.errors import IntentNotFound
from billing.payments.models import PaymentIntent
from billing.payments.returning import back_to
from shared_apps.audit.services import record
from shared_apps.identity.access import Customer, access, person
from shared_apps.kernel import clock
from shared_apps.kernel.money import Money
from shared_apps.kernel.spreadsheets import comma_separated, neutral
from tenant_apps.customers import services as customer_services
from tenant_apps.customers.errors import RechargeOutOfRange
from tenant_apps.customers.queries import customer_of
from tenant_apps.shop.forms import RechargeForm

from .orders import RETURNED
from .paying import qr_svg

PER_PAGE = 20


@access(Customer)
def balance(request: HttpRequest) -> HttpResponse:
    who = customer_of(person(request))
    if number := request.GET.get("out_trade_no"):  # what it says beside that proves nothing
        paid = payments.recharge_of(customer_id=who.public_id, number=number)
        if paid is not None and paid.state == IntentState.OPEN:
            return redirect(f"{reverse('shop:recharge', args=[paid.public_id])}?{RETURNED}=1")
        return redirect("shop:balance")
    form = RechargeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            intent = customer_services.start_recharge(
                customer=who,
                amount=Money.of(form.cleaned_data["amount"]),
                method=form.cleaned_data["pay_by"],
                back=back_to(request, reverse("shop:balance")),
                at=clock.now(),
            )
        except RechargeOutOfRange as refused:
            form.add_error("amount", str(refused))
        else:
            return redirect("shop:recharge", intent.public_id)
    holding = balances.balance_of(customer_id=who.public_id)
    statement = balances.statement_of(
        customer_id=who.public_id, page=_number(request.GET.get("page")), per_page=PER_PAGE
    )
    return render(
        request,
        "shop/balance.html",
        {
            "available": holding.available,
            "held": holding.held,
            "entries": _entries(statement.items),
            "columns": [
                {"key": "at", "label": _("时间"), "kind": "time"},
                {"key": "what", "label": _("事项")},
                {"key": "detail", "label": _("说明")},
                {"key": "amount", "label": _("可用变动"), "kind": "money"},
                {"key": "held", "label": _("冻结变动"), "kind": "money"},
                {"key": "balance", "label": _("可用余额"), "kind": "money"},
            ],
            "page": _page(statement.total, statement.page),
            "export": reverse("shop:balance_export"),
            "recharge_url": reverse("shop:balance"),
            "amount": request.POST.get("amount", ""),
            "error": next(iter(form.errors.get("amount", [])), ""),
            "section": "mine",
        },
        status=422 if form.is_bound and form.errors else 200,
    )


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() else 1


def _page(total: int, number: int) -> Page[int]:
    return Paginator(range(total), PER_PAGE).get_page(number)


def _entries(lines: Iterable[balances.StatementLine]) -> list[dict[str, Any]]:
    names = books.rule_names()
    return [
        {
            "at": line.effective_at,
            "what": names.get(line.kind, line.kind),
            "detail": line.memo,
            "amount": line.changes.available or None,
            "held": line.changes.held or None,
            "balance": line.after.available,
        }
        for line in lines
    ]


@access(Customer)
@require_GET
def balance_export(request: HttpRequest) -> HttpResponse:
    """The whole statement as CSV, oldest last, as the page shows it."""
    who = customer_of(person(request))
    names = books.rule_names()
    rows: list[list[str]] = []
    page = 1
    while True:
        part = balances.statement_of(customer_id=who.public_id, page=page, per_page=500)
        for line in part.items:
            when = timezone.localtime(line.effective_at).strftime("%Y-%m-%d %H:%M:%S")
            money = (
                line.changes.available,
                line.changes.held,
                line.after.available,
                line.after.held,
            )
            rows.append(
                [when, names.get(line.kind, line.kind), neutral(line.memo), *map(str, money)]
            )
        if page >= part.pages:
            break
        page += 1
    record("balance.export", obj=who, after={"rows": len(rows)})
    head = [_("时间"), _("事项"), _("说明"), _("可用变动"), _("冻结变动"), _("可用余额"), _("冻结")]
    return HttpResponse(
        comma_separated(head, rows),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="statement.csv"'},
    )


@access(Customer)
@require_GET
def recharge(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The QR code of a recharge; on to the balance once it is paid."""
    who = customer_of(person(request))
    intent = _recharge(who.public_id, public_id)
    if intent.state != IntentState.OPEN:
        return redirect("shop:balance")
    return render(
        request,
        "shop/pay.html",
        {
            "order": {
                "number": intent.number,
                "url": reverse("shop:balance"),
                "due": intent.amount,
            },
            "pay_by": intent.method,
            "qr": qr_svg(intent.qr_content) if intent.qr_content else "",
            "cashier_url": intent.redirect_url if intent.method == Method.ALIPAY_PAGE else "",
            "expires_at": intent.expires_at,
            "recharge": True,
            **_recharge_state(request, intent),
            "section": "mine",
        },
    )


@access(Customer)
@require_GET
def recharge_state(request: HttpRequest, public_id: UUID) -> HttpResponse:
    who = customer_of(person(request))
    intent = _recharge(who.public_id, public_id)
    told = _recharge_state(request, intent)
    context = {
        "recharge": True,
        "expires_at": intent.expires_at,
        "order": {"url": reverse("shop:balance")},
        **told,
    }
    response = render(request, "shop/_pay_state.html", context)
    if told["state"] == "PAID":
        response["HX-Redirect"] = reverse("shop:balance")
    elif told["state"] == "EXPIRED":  # the page still shows how to pay: show it without
        response["HX-Redirect"] = reverse("shop:recharge", args=[public_id])
    return response


def _recharge(customer_id: UUID, public_id: UUID) -> PaymentIntent:
    found = payments.recharge_of(customer_id=customer_id, public_id=public_id)
    if found is None:
        raise IntentNotFound(number=public_id)
    return found


def _recharge_state(request: HttpRequest, intent: PaymentIntent) -> dict[str, Any]:
    """How a recharge stands, and where to ask again. Back from the provider, its word is awaited."""
    if intent.state != IntentState.OPEN:
        return {"state": "PAID"}
    url = reverse("shop:recharge_state", args=[intent.public_id])
    if clock.now() >= intent.expires_at:
        return {"state": "EXPIRED", "state_url": url}
    if request.GET.get(RETURNED) != "1":
        return {"state": "WAITING", "state_url": url}
    return {
        "state": "CONFIRMING",
        "state_url": f"{url}?{RETURNED}=1",
        "retry_url": reverse("shop:recharge", args=[intent.public_id]),
    }
