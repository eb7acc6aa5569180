"""Money that comes by bank transfer, and money that goes back to where it came from."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from billing.balances import requests
from billing.balances.enums import CreditState, PayoutState
from billing.balances.services import offline as recharges
from billing.balances.services.payouts import BankAccount
from billing.payments import records
from billing.payments.enums import RefundState
from billing.payments.services import withdrawals as withdrawing
from billing.payments.ways_back import plan
from shared_apps.files.answers import download
from shared_apps.identity.access import Customer, access, person
from shared_apps.kernel import clock
from shared_apps.kernel.errors import DomainError
from shared_apps.kernel.money import Money
from tenant_apps.customers.funding_forms import OfflineForm
from tenant_apps.customers.queries import customer_of, party_of
from tenant_apps.shop.funding_forms import WithdrawForm

PER_PAGE = 20
MOST_SHOWN = 100
TONES = {
    CreditState.PENDING: "amber",
    CreditState.APPROVED: "green",
    CreditState.REJECTED: "red",
    CreditState.WITHDRAWN: "grey",
}
PAYOUT_TONES = {
    PayoutState.PENDING: "amber",
    PayoutState.APPROVED: "amber",
    PayoutState.PAID: "green",
    PayoutState.REJECTED: "red",
    PayoutState.FAILED: "red",
}
REFUND_TONES = {
    RefundState.REQUESTED: "amber",
    RefundState.SUCCEEDED: "green",
    RefundState.FAILED: "red",
}


def _told(form: OfflineForm | WithdrawForm, error: DomainError, known: dict[str, str]) -> None:
    """Puts a refusal beside the field that it is about, or at the head of the form."""
    field = getattr(error, "field", "")
    field = known.get(field, field)
    form.add_error(field if field in form.fields else None, str(error))


@access(Customer)
def offline(request: HttpRequest) -> HttpResponse:
    who = customer_of(person(request))
    form = OfflineForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        try:
            found = recharges.submit(
                customer=party_of(who),
                amount=Money.of(told["amount"]),
                payer=told["payer"],
                bank_reference=told["bank_reference"],
                paid_on=told["paid_on"],
                slip=told["slip"],
                by=person(request),
                at=clock.now(),
            )
        except DomainError as refused:
            _told(form, refused, {"file": "slip"})
        else:
            messages.success(
                request,
                _("已提交 %(number)s。财务核对银行到账后入账，结果会通知您。")
                % {"number": found.number},
            )
            return redirect("shop:offline")
    mine = requests.recharges(customer_id=who.public_id)
    page = Paginator(mine, PER_PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "shop/offline.html",
        {
            "form": form,
            "rows": [
                {
                    "recharge": one,
                    "tone": TONES[CreditState(one.state)],
                    "waiting": one.state == CreditState.PENDING,
                }
                for one in page.object_list
            ],
            "page": page,
            "section": "mine",
        },
        status=422 if form.is_bound and form.errors else 200,
    )


@access(Customer)
@require_GET
def offline_slip(request: HttpRequest, public_id: UUID) -> HttpResponse:
    who = customer_of(person(request))
    return download(requests.recharge(public_id=public_id, customer_id=who.public_id).slip)


@access(Customer)
@require_POST
def offline_take_back(request: HttpRequest, public_id: UUID) -> HttpResponse:
    who = customer_of(person(request))
    found = requests.recharge(public_id=public_id, customer_id=who.public_id)
    recharges.take_back(recharge=found, at=clock.now())
    messages.success(request, _("已撤回 %(number)s。") % {"number": found.number})
    return redirect("shop:offline")


@access(Customer)
def withdrawals(request: HttpRequest) -> HttpResponse:
    who = customer_of(person(request))
    form = WithdrawForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        bank = BankAccount(told["bank"], told["account_name"], told["account_number"])
        try:
            with transaction.atomic():
                sent, payout = withdrawing.request(
                    customer=party_of(who),
                    amount=Money.of(told["amount"]),
                    bank=bank if told["account_number"] else None,
                    by=person(request),
                    at=clock.now(),
                )
        except DomainError as refused:
            _told(form, refused, {})
        else:
            messages.success(request, _said(len(sent), payout is not None))
            return redirect("shop:withdrawals")
    return render(
        request,
        "shop/withdrawals.html",
        {
            "form": form,
            "plan": plan(customer_id=who.public_id),
            "rows": _on_their_way(who.public_id),
            "section": "mine",
        },
        status=422 if form.is_bound and form.errors else 200,
    )


def _said(refunds: int, by_bank: bool) -> str:
    if refunds and by_bank:
        return _("已提交：一部分原路退回，其余由财务审核后转到您的银行账户。")
    if by_bank:
        return _("已提交，财务审核后转到您的银行账户。")
    return _("已提交，款项正在原路退回，通常几分钟内到账。")


def _on_their_way(customer_id: UUID) -> list[dict[str, Any]]:
    """Refunds and payouts of one customer, newest first."""
    refunds = records.refunds_of(customer_id=customer_id)[:MOST_SHOWN]
    payouts = requests.payouts(customer_id=customer_id)[:MOST_SHOWN]
    rows: list[dict[str, Any]] = [
        {
            "number": one.number,
            "amount": Money(one.amount_minor, one.payment.currency),
            "at": one.created_at,
            "where": _("原路退回 %(way)s") % {"way": one.payment.intent.get_method_display()},
            "label": RefundState(one.state).label,
            "tone": REFUND_TONES[RefundState(one.state)],
            "reason": _("支付渠道未受理，款项在您的余额。")
            if one.state == RefundState.FAILED
            else one.reason,
        }
        for one in refunds
    ]
    rows += [
        {
            "number": one.number,
            "amount": one.amount,
            "at": one.created_at,
            "where": _("%(bank)s 尾号 %(tail)s") % {"bank": one.bank, "tail": one.account_tail},
            "label": PayoutState(one.state).label,
            "tone": PAYOUT_TONES[PayoutState(one.state)],
            "reason": one.reason,
        }
        for one in payouts
    ]
    return sorted(rows, key=lambda row: row["at"], reverse=True)[:MOST_SHOWN]
