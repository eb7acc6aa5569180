from __future__ import annotations

from collections.abc import Sequence
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
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_POST

from shared_apps.distributors.site import distributor_of
from shared_apps.identity.access import access
from shared_apps.kernel import clock
from shared_apps.kernel.errors import DomainError
from shared_apps.kernel.money import Money
from tenant_apps.backoffice import sections, states, timeline
from tenant_apps.backoffice.asking import staff
from tenant_apps.backoffice.cells import GREY, Link, Mark, Row, column, link_column, mark_column
from tenant_apps.backoffice.frame import page
from tenant_apps.backoffice.listing import DAYS, Empty, Filter, Listing
from tenant_apps.backoffice.queries.order_file import LineFile, order_file
from tenant_apps.orders import queries
from tenant_apps.orders.enums import LineState, OrderState, PayBy, RefundState, RefundTo
from tenant_apps.orders.models import Order
from tenant_apps.orders.services import lines

from .addresses import to


@access(sections.ORDERS.policy)
class Orders(Listing):
    section = sections.ORDERS
    title = pgettext_lazy("many", "订单")
    export = "office:orders_export"
    columns = (
        link_column("number", _("订单号"), sort="number"),
        column("customer", _("客户")),
        column("lines", _("项目")),
        column("total", _("金额"), "money", unit=_("元"), sort="total"),
        column("paid_by", _("支付方式"), off=True),
        mark_column("state", _("状态"), sort="state"),
        column("placed_at", _("下单时间"), "time", sort="placed_at"),
        column("paid_at", _("支付时间"), "time", sort="paid_at", off=True),
    )
    sorts = {
        "number": "number",
        "total": "total_minor",
        "state": "state",
        "placed_at": "placed_at",
        "paid_at": "paid_at",
    }
    filters = (
        Filter("q", _("订单号、客户")),
        Filter("state", _("全部状态"), "select", OrderState.choices),
        *DAYS,
    )
    empty = Empty(
        _("还没有订单"), _("客户在店铺下单后会出现在这里，可先把店铺网址发给客户。"), "receipt-2"
    )

    def find(self) -> QuerySet[Order]:
        return queries.find(
            user=staff(self.request),
            text=self.asked.raw("q"),
            state=self.asked.one_of("state", OrderState.values),
            customer_id=self.asked.uuid("customer"),
            since=self.asked.since(),
            until=self.asked.until(),
        ).prefetch_related("lines")

    def rows(self, found: Sequence[Order]) -> list[Row]:
        return [_row(order) for order in found]


def _row(order: Order) -> Row:
    names = list(dict.fromkeys(line.name for line in order.lines.all()))
    count = len(order.lines.all())
    return {
        "public_id": order.public_id,
        "number": Link(order.number, to("order", order.public_id), drawer=True),
        "customer": str(order.customer),
        "lines": names[0] + (said("，共 %(n)s 台") % {"n": count} if count > 1 else "")
        if names
        else "",
        "total": order.total,
        "paid_by": PayBy(order.paid_by).label if order.paid_by else "",
        "state": states.order(order.state),
        "placed_at": order.placed_at,
        "paid_at": order.paid_at,
    }


@access(sections.ORDERS.policy)
def order(request: HttpRequest, public_id: UUID) -> HttpResponse:
    file = order_file(
        user=staff(request),
        public_id=public_id,
        me=distributor_of(request),
        with_cost=sections.allows(sections.OWN_COST, request),
        at=clock.now(),
    )
    context: dict[str, Any] = {
        "file": file,
        "state": states.order(file.order.state),
        "lines": [
            {
                "file": entry,
                "state": states.line(entry.line.state),
                "owed": _owed(entry),
                "hold": _money(entry),
                "refunds": [
                    {"refund": one, "state": states.line_refund(one.state)}
                    for one in entry.line.refunds.all()
                ],
                "resource": states.resource(entry.resource.state) if entry.resource else None,
                "work": [
                    {"work": one, "state": states.work(one.kind, one.state)} for one in entry.work
                ],
            }
            for entry in file.lines
        ],
        "intents": [{"intent": one, "state": states.intent(one.state)} for one in file.intents],
        "refunds": [{"refund": one, "state": states.refund(one.state)} for one in file.refunds],
        "paid_by": PayBy(file.order.paid_by).label if file.order.paid_by else "",
        "events": timeline.events(file.records),
        "refund_to": RefundTo.choices,
        "may_refund": sections.allows(sections.REFUND, request),
        "may_cost": sections.allows(sections.OWN_COST, request),
        "may_customer": sections.allows(sections.CUSTOMERS.policy, request),
        "may_resource": sections.allows(sections.RESOURCES.policy, request),
        "may_payment": sections.allows(sections.PAYMENTS.policy, request),
    }
    return page(request, "backoffice/order.html", sections.ORDERS, context)


def _owed(entry: LineFile) -> str:
    """How the frozen hop of a line is to be read; nothing where nothing came or will come of it."""
    if entry.hop is None:
        return ""
    words = {
        LineState.WAITING: said("开通后应付 %(to)s"),
        LineState.OPENING: said("开通后应付 %(to)s"),
        LineState.OPEN: said("应付 %(to)s"),
        LineState.REFUNDED: said("已冲减应付 %(to)s"),
    }
    return words.get(LineState(entry.line.state), "") % {"to": entry.hop.to}


def _money(entry: LineFile) -> Mark | None:
    if entry.line.state == LineState.REFUNDED:
        return Mark(said("已退回"), GREY)
    return states.hold(entry.hold.state) if entry.hold else None


class RefundForm(forms.Form):
    """Without hours or an amount: everything that was not used."""

    hours = forms.IntegerField(min_value=1, required=False)
    amount = forms.DecimalField(
        min_value=Decimal("0.01"), max_digits=12, decimal_places=2, required=False
    )
    to = forms.ChoiceField(choices=RefundTo.choices, required=False)
    reason = forms.CharField(max_length=120)

    def clean(self) -> dict[str, Any]:
        told: dict[str, Any] = super().clean() or {}
        if told.get("hours") and told.get("amount"):
            raise forms.ValidationError(said("小时和金额只能填写一项。"))
        return told


@require_POST
@access(sections.REFUND)
def refund(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """退款: unused hours, or an amount; above the shop's bound it waits for a second person."""
    line = queries.line(staff(request), public_id)
    back = redirect("office:order", public_id=line.order.public_id)
    form = RefundForm(request.POST)
    if not form.is_valid():
        messages.error(request, _wrong(form))
        return back
    told = form.cleaned_data
    try:
        done = lines.ask_refund(
            line=line,
            hours=told["hours"],
            amount=Money.of(told["amount"]) if told["amount"] else None,
            reason=told["reason"],
            to=RefundTo(told["to"] or RefundTo.SOURCE),
            by=staff(request),
            at=clock.now(),
        )
    except DomainError as error:
        messages.error(request, str(error))
        return back
    if done.state == RefundState.ASKED:
        words = said("退款 %(amount)s 元已提交，由另一位财务人员审批后执行。")
    elif done.hours:
        words = said("已退款 %(amount)s 元，“%(name)s”退还 %(hours)s 小时。")
    else:
        words = said("已退款 %(amount)s 元。")
    messages.success(
        request, words % {"amount": done.amount, "name": line.name, "hours": done.hours}
    )
    return back


def _wrong(form: RefundForm) -> str:
    if form.non_field_errors():
        return str(form.non_field_errors()[0])
    if "reason" in form.errors:
        return said("请填写退款原因，最多 120 字。")
    return said("小时请填整数，金额请填大于 0、最多两位小数的数字。")
