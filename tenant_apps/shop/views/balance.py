"""The customer's money: what there is, what happened to it, and recharging."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from billing.balances import queries as balances
from billing.balances.enums import LotKind
from billing.ledger import days
from billing.payments import queries as payments
from billing.payments.enums import IntentState, Method
from billing.payments.errors import IntentNotFound, MethodNotOffered, NoMerchantAccount
from billing.payments.models import PaymentIntent
from billing.payments.returning import back_to
from shared_apps.audit.services import record
from shared_apps.identity.access import Customer, access, person
from shared_apps.kernel import clock
from shared_apps.kernel.errors import DomainError, ProviderError
from shared_apps.kernel.money import Money
from tenant_apps.customers import services as customer_services
from tenant_apps.customers import statements
from tenant_apps.customers.errors import RechargeOutOfRange
from tenant_apps.customers.queries import customer_of
from tenant_apps.shop.forms import RechargeForm
from tenant_apps.shop.ways import how, offered, provider_name

from .orders import RETURNED

PER_PAGE = 20
FILTERS = ("from", "to", "kind", "lot")


@access(Customer)
def balance(request: HttpRequest) -> HttpResponse:
    who = customer_of(person(request))
    if number := request.GET.get("out_trade_no"):  # what it says beside that proves nothing
        paid = payments.recharge_of(customer_id=who.public_id, number=number)
        if paid is not None and paid.state == IntentState.OPEN:
            return redirect(f"{reverse('shop:recharge', args=[paid.public_id])}?{RETURNED}=1")
        return redirect("shop:balance")
    form = RechargeForm(request.POST or None)
    problem = ""
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
        except (ProviderError, NoMerchantAccount, MethodNotOffered) as failed:
            problem = _no_way(failed, form.cleaned_data["pay_by"])
        else:
            return redirect("shop:recharge", intent.public_id)
    wanted = _wanted(request, who.public_id)
    names = statements.kind_names()
    page = Paginator(statements.Lines(wanted), PER_PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "shop/balance.html",
        {
            "balance": balances.balance_of(customer_id=who.public_id),
            "given": [
                lot
                for lot in balances.usable_lots(customer_id=who.public_id)
                if lot.expires_at is not None
            ],
            "entries": [statements.row(line, names) for line in page.object_list],
            "columns": statements.columns(),
            "page": page,
            "filters": _filters(request, who.public_id, names),
            "filtered": any(request.GET.get(name) for name in FILTERS),
            "export": reverse("shop:balance_export"),
            "recharge_url": reverse("shop:balance"),
            "ways": offered(request),
            "pay_by": request.POST.get("pay_by", ""),
            "amount": request.POST.get("amount", ""),
            "problem": problem,
            "error": next(iter(form.errors.get("amount", [])), ""),
            "section": "mine",
        },
        status=409 if problem else 422 if form.is_bound and form.errors else 200,
    )


def _no_way(failed: DomainError, method: str) -> str:
    if isinstance(failed, ProviderError):
        return _("暂时没有连上%(provider)s") % {"provider": provider_name(method)}
    return str(failed)


def _wanted(request: HttpRequest, customer_id: UUID) -> statements.Wanted:
    """The part of the statement that the address asks for; what makes no sense is as if not said."""
    until = _day(request.GET.get("to"))
    since = _day(request.GET.get("from"))
    lot = request.GET.get("lot", "")
    return statements.Wanted(
        customer_id,
        since=days.start_of(since) if since else None,
        until=days.start_of(until + timedelta(days=1)) if until else None,
        kind=request.GET.get("kind", "").replace("\0", "")[:40],
        lot=lot if lot in LotKind.values else "",
    )


def _day(text: str | None) -> date | None:
    try:
        day = date.fromisoformat(text or "")
    except ValueError:
        return None
    return day if 2000 <= day.year <= 2200 else None


def _filters(
    request: HttpRequest, customer_id: UUID, names: dict[str, str]
) -> list[dict[str, Any]]:
    kinds = [(kind, names.get(kind, kind)) for kind in balances.kinds_of(customer_id=customer_id)]
    asked = {name: request.GET.get(name, "").replace("\0", "")[:40] for name in FILTERS}
    return [
        {"name": "from", "label": _("从"), "kind": "day", "value": asked["from"]},
        {"name": "to", "label": _("到"), "kind": "day", "value": asked["to"]},
        {
            "name": "kind",
            "label": _("全部事项"),
            "kind": "select",
            "options": kinds,
            "value": asked["kind"],
        },
        {
            "name": "lot",
            "label": _("全部余额"),
            "kind": "select",
            "options": LotKind.choices,
            "value": asked["lot"],
        },
    ]


@access(Customer)
@require_GET
def balance_export(request: HttpRequest) -> HttpResponse:
    """The statement as it is filtered, newest first, as CSV or XLSX."""
    who = customer_of(person(request))
    form = "xlsx" if request.GET.get("form") == "xlsx" else "csv"
    wanted = _wanted(request, who.public_id)
    response, count = statements.export(wanted, form=form, name="statement")
    record("balance.export", obj=who, after={"rows": count, "form": form})
    return response


@access(Customer)
@require_GET
def recharge(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The QR code of a recharge; on to the balance once it is paid."""
    who = customer_of(person(request))
    intent = _recharge(who.public_id, public_id)
    if intent.state == IntentState.SUCCEEDED:
        return redirect("shop:balance")
    return _recharge_page(request, intent)


def _recharge_page(
    request: HttpRequest, intent: PaymentIntent, *, problem: str = ""
) -> HttpResponse:
    begun = bool(intent.qr_content or intent.redirect_url)
    others = [
        {"label": way.label, "url": _recharge_with(intent, way.value)}
        for way in offered(request)
        if not begun or way.value != intent.method
    ]
    return render(
        request,
        "shop/pay.html",
        {
            **_recharge_live(request, intent),
            **how(intent),
            "other_ways": others,
            "problem": problem,
            "section": "mine",
        },
        status=409 if problem else 200,
    )


def _recharge_with(intent: PaymentIntent, way: str) -> str:
    return reverse("shop:recharge_with", args=[intent.public_id, way])


@access(Customer)
@require_POST
def recharge_with(request: HttpRequest, public_id: UUID, pay_by: str) -> HttpResponse:
    """The same sum in another way, or with a fresh code; the one before is closed at its provider."""
    who = customer_of(person(request))
    intent = _recharge(who.public_id, public_id)
    if pay_by not in Method.values:
        raise IntentNotFound(number=public_id)
    try:
        fresh = customer_services.recharge_otherwise(
            customer=who,
            instead_of=intent,
            method=pay_by,
            back=back_to(request, reverse("shop:balance")),
            at=clock.now(),
        )
    except (ProviderError, NoMerchantAccount, MethodNotOffered) as failed:
        return _recharge_page(request, intent, problem=_no_way(failed, pay_by))
    return redirect("shop:recharge", fresh.public_id)


@access(Customer)
@require_GET
def recharge_state(request: HttpRequest, public_id: UUID) -> HttpResponse:
    who = customer_of(person(request))
    intent = _recharge(who.public_id, public_id)
    told = _recharge_live(request, intent)
    response = render(request, "shop/_pay_state.html", told)
    if told["state"] == "PAID":
        response["HX-Redirect"] = reverse("shop:balance")
    elif told["state"] in ("EXPIRED", "CODE_OVER"):  # the page still shows how to pay
        response["HX-Redirect"] = reverse("shop:recharge", args=[public_id])
    return response


def _recharge(customer_id: UUID, public_id: UUID) -> PaymentIntent:
    found = payments.recharge_of(customer_id=customer_id, public_id=public_id)
    if found is None:
        raise IntentNotFound(number=public_id)
    return found


def _recharge_live(request: HttpRequest, intent: PaymentIntent) -> dict[str, Any]:
    """How a recharge stands, and where to ask again. Back from the provider, its word is awaited."""
    url = reverse("shop:recharge_state", args=[intent.public_id])
    told = {
        "recharge": True,
        "order": {
            "number": intent.number,
            "url": reverse("shop:balance"),
            "due": intent.amount,
        },
        "expires_at": intent.expires_at,
        "state_url": url,
        "again_url": _recharge_with(intent, intent.method),
    }
    if intent.state == IntentState.SUCCEEDED:
        return told | {"state": "PAID"}
    if intent.state == IntentState.CLOSED or clock.now() >= intent.expires_at:
        return told | {"state": "CODE_OVER" if intent.qr_content else "EXPIRED"}
    if request.GET.get(RETURNED) != "1":
        return told | {"state": "WAITING"}
    return told | {
        "state": "CONFIRMING",
        "state_url": f"{url}?{RETURNED}=1",
        "retry_url": reverse("shop:recharge", args=[intent.public_id]),
    }
