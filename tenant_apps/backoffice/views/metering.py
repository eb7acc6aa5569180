"""按量: bills with what is overdue, usage records, and how far each customer may owe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as said
from django.utils.translation import gettext_lazy as _

from billing.metering import queries as metering
from billing.metering.enums import BillState, UsageState
from billing.metering.models import Bill, CreditLine, UsageRecord
from billing.metering.services import credit as credits
from shared_apps.identity.access import access
from shared_apps.kernel import clock
from shared_apps.kernel.errors import DomainError
from shared_apps.kernel.money import Money
from tenant_apps.backoffice import sections, states
from tenant_apps.backoffice.asking import staff
from tenant_apps.backoffice.cells import Link, Row, column, link_column, mark_column
from tenant_apps.backoffice.frame import page
from tenant_apps.backoffice.listing import DAYS, Empty, Filter, Listing
from tenant_apps.customers import queries as customers
from tenant_apps.customers.models import Customer

from .addresses import to

SECTION = sections.METERING


def _tabs(here: str) -> list[dict[str, Any]]:
    return [
        {"label": label, "url": to(name), "active": name == here}
        for name, label in (
            ("bills", _("账单")),
            ("usage", _("用量")),
            ("credits", _("信用额度")),
        )
    ]


@access(SECTION.policy)
class Bills(Listing):
    section = SECTION
    title = _("按量账单")
    lead = _("按量后付费的用量每月汇总成账单。筛选“已逾期”可看到没有按时还款的客户。")
    export = "office:bills_export"
    columns = (
        column("number", _("账单号")),
        link_column("customer", _("客户")),
        column("month", _("月份")),
        column("total", _("本期合计"), "money", unit=_("元"), sort="total"),
        column("owed", _("待还"), "money", unit=_("元")),
        mark_column("state", _("状态"), sort="state"),
        column("issued_at", _("出账时间"), "time", off=True),
        column("due_at", _("最后期限"), "time", sort="due_at"),
        column("paid_at", _("结清时间"), "time", off=True),
    )
    sorts = {"total": "total_minor", "state": "state", "due_at": "due_at"}
    filters = (Filter("state", _("全部状态"), "select", BillState.choices),)
    empty = Empty(_("还没有账单"), _("客户使用按量后付费的资源后会出现在这里。"), "file-invoice")

    def find(self) -> QuerySet[Bill]:
        state = self.asked.one_of("state", BillState.values)
        return metering.bills(states=[state] if state else ())

    def rows(self, found: Sequence[Bill]) -> list[Row]:
        names = customers.names(public_ids={bill.customer_id for bill in found})
        return [
            {
                "number": bill.number,
                "customer": _credit_link(bill.customer_id, names),
                "month": f"{bill.month:%Y-%m}",
                "total": bill.total,
                "owed": bill.owed or None,
                "state": states.bill(bill.state),
                "issued_at": bill.issued_at,
                "due_at": bill.due_at,
                "paid_at": bill.paid_at,
            }
            for bill in found
        ]

    def more(self) -> Mapping[str, Any]:
        return {"tabs": _tabs("bills")}


def _credit_link(customer_id: UUID, names: Mapping[UUID, str]) -> Link:
    return Link(names.get(customer_id, ""), to("credit", customer_id))


@access(SECTION.policy)
class Usage(Listing):
    section = SECTION
    title = _("用量")
    lead = _("每条用量有唯一的计量编号；同一编号的不同内容不采信，另记为“内容冲突”。")
    export = "office:usage_export"
    columns = (
        column("record_id", _("计量编号"), "id"),
        column("customer", _("客户")),
        column("name", _("资源")),
        column("starts_at", _("开始"), "time", sort="starts_at"),
        column("ends_at", _("结束"), "time"),
        column("quantity", _("小时"), "figure"),
        column("amount", _("费用"), "money", unit=_("元")),
        column("credit", _("其中信用"), "money", unit=_("元"), off=True),
        column("source", _("来源"), off=True),
        mark_column("state", _("状态")),
    )
    sorts = {"starts_at": "starts_at"}
    filters = (
        Filter("q", _("计量编号、资源")),
        Filter("state", _("全部状态"), "select", UsageState.choices),
        *DAYS,
    )
    empty = Empty(_("还没有用量"), _("按量后付费的资源运行满一小时后会出现在这里。"), "chart-bar")

    def find(self) -> QuerySet[UsageRecord]:
        return metering.usage(
            text=self.asked.raw("q"),
            state=self.asked.one_of("state", UsageState.values),
            since=self.asked.since(),
            until=self.asked.until(),
        )

    def rows(self, found: Sequence[UsageRecord]) -> list[Row]:
        names = customers.names(public_ids={one.customer_id for one in found})
        return [_usage_row(one, names) for one in found]

    def more(self) -> Mapping[str, Any]:
        return {"tabs": _tabs("usage")}


def _usage_row(one: UsageRecord, names: Mapping[UUID, str]) -> Row:
    charge = getattr(one, "charge", None)
    return {
        "record_id": one.record_id,
        "customer": names.get(one.customer_id, ""),
        "name": one.name,
        "starts_at": one.starts_at,
        "ends_at": one.ends_at,
        "quantity": one.quantity,
        "amount": charge.amount if charge else None,
        "credit": Money(charge.credit_minor) if charge and charge.credit_minor else None,
        "source": one.get_source_display(),
        "state": states.usage(one.state, charge.state if charge else ""),
    }


@access(SECTION.policy)
class Credits(Listing):
    section = SECTION
    title = _("信用额度")
    lead = _("客户余额不足时最多可以欠多少。点客户名进入设置。")
    export = "office:credits_export"
    columns = (
        link_column("customer", _("客户")),
        column("limit", _("额度"), "money", unit=_("元")),
        column("used", _("已用"), "money", unit=_("元")),
        column("asked", _("待审批额度"), "money", unit=_("元")),
        column("changed_at", _("变更时间"), "time"),
    )
    filters = (Filter("q", _("客户编号、姓名、单位、手机号")),)
    empty = Empty(_("还没有客户"), _("客户注册后会出现在这里，可为其设置信用额度。"), "users")

    def find(self) -> QuerySet[Customer]:
        return customers.find(by=staff(self.request), text=self.asked.raw("q"))

    def rows(self, found: Sequence[Customer]) -> list[Row]:
        lines = metering.credits(customer_ids=[who.public_id for who in found])
        return [_credit_row(who, lines.get(who.public_id)) for who in found]

    def more(self) -> Mapping[str, Any]:
        return {"tabs": _tabs("credits")}


def _credit_row(who: Customer, line: CreditLine | None) -> Row:
    asked = line.asked_minor if line else None
    return {
        "customer": Link(str(who), to("credit", who.public_id)),
        "limit": line.limit if line and line.limit_minor else None,
        "used": line.used if line and line.used_minor else None,
        "asked": Money(asked) if asked is not None else None,
        "changed_at": line.changed_at if line else None,
    }


class LimitForm(forms.Form):
    limit = forms.DecimalField(
        label=_("信用额度"), min_value=Decimal(0), max_digits=12, decimal_places=2
    )


@access(SECTION.policy)
def credit(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """How far one customer may owe, and the bills behind it."""
    who = customers.customer(public_id, by=staff(request))
    form = LimitForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _set(request, who, Money.of(form.cleaned_data["limit"]))
    line = metering.credit_of(customer_id=public_id)
    context = {
        "customer": who,
        "form": form,
        "limit": line.limit if line else Money.zero(),
        "used": line.used if line else Money.zero(),
        "asked": Money(line.asked_minor) if line and line.asked_minor is not None else None,
        "room": metering.room(customer_id=public_id),
        "waiting": metering.waiting_of(customer_id=public_id),
        "bills": [
            {"bill": bill, "state": states.bill(bill.state)}
            for bill in metering.bills(customer_ids=[public_id])[:12]
        ],
    }
    return page(request, "backoffice/credit.html", SECTION, context)


def _set(request: HttpRequest, who: Customer, limit: Money) -> HttpResponse:
    try:
        line = credits.set_limit(
            customer_id=who.public_id,
            name=str(who),
            limit=limit,
            by=staff(request),
            beneficiary=who.user.public_id,
            at=clock.now(),
        )
    except DomainError as error:
        messages.error(request, str(error))
    else:
        words = (
            said("额度 %(sum)s 元已提交，由另一位财务人员审批后生效。")
            if line.asked_minor is not None
            else said("信用额度已设为 %(sum)s 元。")
        )
        messages.success(request, words % {"sum": limit})
    return redirect("office:credit", public_id=who.public_id)
