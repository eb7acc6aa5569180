"""Payouts to bank accounts: checked by a second person, then transferred and registered by finance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as said
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from billing.balances import requests
from billing.balances.enums import PayoutState
from billing.balances.models import BankPayout
from billing.balances.services import payouts
from shared_apps.approvals.queries import latest
from shared_apps.identity.access import access
from shared_apps.kernel import clock, secrets
from shared_apps.kernel.errors import DomainError
from tenant_apps.backoffice import sections, states
from tenant_apps.backoffice.cells import Link, Row, column, link_column, mark_column
from tenant_apps.backoffice.frame import page, told
from tenant_apps.backoffice.funding_forms import CameBackForm, TransferredForm
from tenant_apps.backoffice.listing import Empty, Filter, Listing
from tenant_apps.customers import queries as customers

from .addresses import to
from .funds import tabs

SECTION = sections.FUNDS
UNDER_WAY = (PayoutState.PENDING, PayoutState.APPROVED)


@access(SECTION.policy)
class Payouts(Listing):
    section = SECTION
    title = _("提现到银行")
    lead = _("审批同意后按账户转账，再登记银行流水号；款项在此之前一直冻结。")
    export = "office:payouts_export"
    columns = (
        link_column("number", _("提现单号")),
        column("customer", _("客户")),
        column("amount", _("金额"), "money", unit=_("元"), sort="amount"),
        column("bank", _("开户银行")),
        column("account_name", _("户名")),
        column("account_tail", _("账号尾号")),
        mark_column("state", _("状态"), sort="state"),
        column("created_at", _("申请时间"), "time", sort="created_at"),
        column("bank_reference", _("银行流水号"), off=True),
        column("reason", _("原因"), off=True),
    )
    sorts = {"amount": "amount_minor", "state": "state", "created_at": "created_at"}
    filters = (
        Filter("q", _("提现单号、户名、流水号")),
        Filter("state", _("全部状态"), "select", PayoutState.choices),
    )
    empty = Empty(
        _("还没有提现到银行的申请"), _("不能原路退回的提现会出现在这里。"), "building-bank"
    )

    def find(self) -> QuerySet[BankPayout]:
        return requests.payouts(
            customer_id=self.asked.uuid("customer"),
            state=self.asked.one_of("state", PayoutState.values),
            text=self.asked.raw("q"),
        )

    def rows(self, found: Sequence[BankPayout]) -> list[Row]:
        names = customers.names(public_ids={one.customer_id for one in found})
        return [
            {
                "number": Link(one.number, to("payout", one.public_id), drawer=True),
                "customer": names.get(one.customer_id, ""),
                "amount": one.amount,
                "bank": one.bank,
                "account_name": one.account_name,
                "account_tail": one.account_tail,
                "state": states.payout(one.state),
                "created_at": one.created_at,
                "bank_reference": one.bank_reference,
                "reason": one.reason,
            }
            for one in found
        ]

    def more(self) -> Mapping[str, Any]:
        return {"tabs": tabs("payouts")}


@access(SECTION.policy)
@require_GET
def payout(request: HttpRequest, public_id: UUID) -> HttpResponse:
    return _page(request, requests.payout(public_id=public_id), TransferredForm(), CameBackForm())


@access(SECTION.policy)
@require_POST
def transferred(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = requests.payout(public_id=public_id)
    form = TransferredForm(request.POST)
    if form.is_valid():
        try:
            payouts.transferred(
                payout=found, bank_reference=form.cleaned_data["bank_reference"], at=clock.now()
            )
        except DomainError as refused:
            told(form, refused)
        else:
            messages.success(request, said("已登记 %(number)s 的转账。") % {"number": found.number})
            return redirect("office:payout", public_id=public_id)
    return _page(request, found, form, CameBackForm(), status=422)


@access(SECTION.policy)
@require_POST
def came_back(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = requests.payout(public_id=public_id)
    form = CameBackForm(request.POST)
    if form.is_valid():
        try:
            payouts.came_back(payout=found, reason=form.cleaned_data["reason"], at=clock.now())
        except DomainError as refused:
            told(form, refused)
        else:
            messages.success(
                request, said("%(number)s 的款项已回到客户余额。") % {"number": found.number}
            )
            return redirect("office:payout", public_id=public_id)
    return _page(request, found, TransferredForm(), form, status=422)


def _page(
    request: HttpRequest,
    found: BankPayout,
    paid: TransferredForm,
    failed: CameBackForm,
    *,
    status: int = 200,
) -> HttpResponse:
    """The account's whole number is shown while somebody has to transfer to it, and no longer."""
    names = customers.names(public_ids={found.customer_id})
    under_way = found.state in UNDER_WAY
    number = secrets.unseal(found.account_sealed) if under_way else f"…{found.account_tail}"
    context = {
        "payout": found,
        "customer": names.get(found.customer_id, ""),
        "state": states.payout(found.state),
        "account_number": number,
        "approval": latest(kind=payouts.KIND, subject_id=found.public_id),
        "may_transfer": found.state == PayoutState.APPROVED,
        "paid_form": paid,
        "failed_form": failed,
    }
    return page(request, "backoffice/payout.html", SECTION, context, status=status)
