"""Money that finance checks: what came by bank transfer, and what the shop gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as said
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from billing.balances import requests
from billing.balances.enums import CreditState, LotKind
from billing.balances.models import Gift, OfflineRecharge
from billing.balances.services import gifts, offline
from shared_apps.approvals.queries import latest
from shared_apps.files.answers import download
from shared_apps.identity.access import access
from shared_apps.kernel import clock
from shared_apps.kernel.errors import DomainError
from shared_apps.kernel.money import Money
from tenant_apps.backoffice import sections, states
from tenant_apps.backoffice.asking import staff
from tenant_apps.backoffice.cells import Link, Row, column, link_column, mark_column
from tenant_apps.backoffice.frame import page, told
from tenant_apps.backoffice.funding_forms import GiftForm
from tenant_apps.backoffice.listing import Empty, Filter, Listing
from tenant_apps.customers import queries as customers
from tenant_apps.customers.funding_forms import OfflineForm

from .addresses import to

SECTION = sections.FUNDS
STATES = Filter("state", _("全部状态"), "select", CreditState.choices)


def tabs(here: str) -> list[dict[str, Any]]:
    return [
        {"label": label, "url": to(name), "active": name == here}
        for name, label in (
            ("balances", _("客户余额")),
            ("offline_recharges", _("线下充值")),
            ("gifts", _("赠送")),
            ("payouts", _("提现到银行")),
        )
    ]


@access(SECTION.policy)
class OfflineRecharges(Listing):
    section = SECTION
    title = _("线下充值")
    lead = _("核对银行流水后在“审批”里同意或驳回；同意后立即入账。")
    export = "office:offline_recharges_export"
    columns = (
        link_column("number", _("充值单号")),
        column("customer", _("客户")),
        column("amount", _("金额"), "money", unit=_("元"), sort="amount"),
        column("payer", _("付款户名")),
        column("bank_reference", _("银行流水号")),
        column("paid_on", _("转账日期"), "date", sort="paid_on"),
        mark_column("state", _("状态"), sort="state"),
        column("requested_by", _("提交人")),
        column("created_at", _("提交时间"), "time", sort="created_at"),
        column("decided_by", _("审核人"), off=True),
        column("reason", _("原因"), off=True),
    )
    sorts = {
        "amount": "amount_minor",
        "paid_on": "paid_on",
        "state": "state",
        "created_at": "created_at",
    }
    filters = (Filter("q", _("充值单号、户名、流水号")), STATES)
    empty = Empty(
        _("还没有线下充值"), _("客户提交的转账凭证会出现在这里，等待核对。"), "building-bank"
    )

    def find(self) -> QuerySet[OfflineRecharge]:
        return requests.recharges(
            customer_id=self.asked.uuid("customer"),
            state=self.asked.one_of("state", CreditState.values),
            text=self.asked.raw("q"),
        )

    def rows(self, found: Sequence[OfflineRecharge]) -> list[Row]:
        names = customers.names(public_ids={one.customer_id for one in found})
        return [
            {
                "number": Link(one.number, to("offline_recharge", one.public_id), drawer=True),
                "customer": names.get(one.customer_id, ""),
                "amount": one.amount,
                "payer": one.payer,
                "bank_reference": one.bank_reference,
                "paid_on": one.paid_on,
                "state": states.credit(one.state),
                "requested_by": str(one.requested_by),
                "created_at": one.created_at,
                "decided_by": str(one.decided_by or ""),
                "reason": one.reason,
            }
            for one in found
        ]

    def more(self) -> Mapping[str, Any]:
        return {"tabs": tabs("offline_recharges")}


@access(SECTION.policy)
@require_GET
def offline_recharge(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = requests.recharge(public_id=public_id)
    names = customers.names(public_ids={found.customer_id})
    context = {
        "recharge": found,
        "customer": names.get(found.customer_id, ""),
        "state": states.credit(found.state),
        "approval": latest(kind=offline.KIND, subject_id=found.public_id),
        "waiting": found.state == CreditState.PENDING,
    }
    return page(request, "backoffice/offline_recharge.html", SECTION, context)


@access(SECTION.policy)
@require_GET
def offline_slip(request: HttpRequest, public_id: UUID) -> HttpResponse:
    return download(requests.recharge(public_id=public_id).slip)


@access(SECTION.policy)
def offline_new(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Finance hands in a slip for a customer; somebody else checks it."""
    who = customers.customer(public_id, by=staff(request))
    form = OfflineForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            found = offline.submit(
                customer=customers.party_of(who),
                amount=Money.of(data["amount"]),
                payer=data["payer"],
                bank_reference=data["bank_reference"],
                paid_on=data["paid_on"],
                slip=data["slip"],
                by=staff(request),
                at=clock.now(),
            )
        except DomainError as refused:
            told(form, refused)
        else:
            messages.success(
                request, said("已提交 %(number)s，等待另一位同事核对。") % {"number": found.number}
            )
            return redirect("office:offline_recharges")
    return _asking(request, form, said("代客户提交线下充值"), who.public_id)


@access(SECTION.policy)
class Gifts(Listing):
    section = SECTION
    title = _("赠送")
    lead = _("在“客户余额”里选客户提出，由另一位财务确认后存入；到期未用的部分自动冲回。")
    export = "office:gifts_export"
    columns = (
        link_column("number", _("赠送单号")),
        column("customer", _("客户")),
        column("kind", _("类型")),
        column("amount", _("金额"), "money", unit=_("元"), sort="amount"),
        column("title", _("名目")),
        column("expires_at", _("到期时间"), "time", sort="expires_at"),
        mark_column("state", _("状态"), sort="state"),
        column("requested_by", _("提出人")),
        column("created_at", _("提出时间"), "time", sort="created_at"),
        column("decided_by", _("确认人"), off=True),
        column("reason", _("原因"), off=True),
    )
    sorts = {
        "amount": "amount_minor",
        "expires_at": "expires_at",
        "state": "state",
        "created_at": "created_at",
    }
    filters = (Filter("q", _("赠送单号、名目")), STATES)
    empty = Empty(_("还没有赠送"), _("在“客户余额”里选择客户，即可提出赠送。"), "gift")

    def find(self) -> QuerySet[Gift]:
        return requests.gifts(
            customer_id=self.asked.uuid("customer"),
            state=self.asked.one_of("state", CreditState.values),
            text=self.asked.raw("q"),
        )

    def rows(self, found: Sequence[Gift]) -> list[Row]:
        names = customers.names(public_ids={one.customer_id for one in found})
        return [
            {
                "number": Link(one.number, to("customer_balance", one.customer_id)),
                "customer": names.get(one.customer_id, ""),
                "kind": LotKind(one.kind).label,
                "amount": one.amount,
                "title": one.title,
                "expires_at": one.expires_at,
                "state": states.credit(one.state),
                "requested_by": str(one.requested_by),
                "created_at": one.created_at,
                "decided_by": str(one.decided_by or ""),
                "reason": one.reason,
            }
            for one in found
        ]

    def more(self) -> Mapping[str, Any]:
        return {"tabs": tabs("gifts")}


@access(SECTION.policy)
def gift_new(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Finance proposes a gift; a second person confirms it."""
    who = customers.customer(public_id, by=staff(request))
    form = GiftForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            gift = gifts.propose(
                customer=customers.party_of(who),
                kind=LotKind(data["kind"]),
                amount=Money.of(data["amount"]),
                title=data["title"],
                expires_at=_end_of(data["expires_on"]),
                by=staff(request),
                at=clock.now(),
            )
        except DomainError as refused:
            told(form, refused)
        else:
            messages.success(
                request, said("已提出 %(number)s，等待另一位同事确认。") % {"number": gift.number}
            )
            return redirect("office:customer_balance", public_id=public_id)
    return _asking(request, form, said("赠送余额"), who.public_id)


def _end_of(day: Any) -> datetime:
    """The last second of a day in China: the day itself still counts."""
    return timezone.make_aware(datetime.combine(day, time(23, 59, 59)))


@access(SECTION.policy)
@require_POST
def gift_take_back(request: HttpRequest, public_id: UUID) -> HttpResponse:
    gift = requests.gift(public_id=public_id)
    gifts.take_back(gift=gift, at=clock.now())
    messages.success(request, said("已撤回 %(number)s。") % {"number": gift.number})
    return redirect("office:customer_balance", public_id=gift.customer_id)


def _asking(request: HttpRequest, form: forms.Form, title: str, customer_id: UUID) -> HttpResponse:
    names = customers.names(public_ids={customer_id})
    context = {
        "form": form,
        "title": title,
        "customer": names.get(customer_id, ""),
        "customer_id": customer_id,
    }
    status = 422 if form.is_bound and form.errors else 200
    return page(request, "backoffice/fund_new.html", SECTION, context, status=status)
