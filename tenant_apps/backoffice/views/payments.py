from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as said
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from billing.payments import records
from billing.payments.enums import EventState, IntentState, Method, Provider, RefundState
from billing.payments.models import PaymentIntent, ProviderEvent, Refund
from billing.payments.services import refunds
from shared_apps.identity.access import access
from shared_apps.kernel import clock
from shared_apps.kernel.errors import DomainError
from shared_apps.kernel.money import Money
from tenant_apps.backoffice import sections, states, timeline, words
from tenant_apps.backoffice.cells import Link, Row, column, link_column, mark_column
from tenant_apps.backoffice.frame import page
from tenant_apps.backoffice.listing import DAYS, Empty, Filter, Listing
from tenant_apps.backoffice.queries.payment_file import payment_file
from tenant_apps.customers import queries as customers

from .addresses import to

SECTION = sections.PAYMENTS


def _tabs(here: str) -> list[dict[str, Any]]:
    return [
        {"label": label, "url": to(name), "active": name == here}
        for name, label in (
            ("payments", _("收款")),
            ("refunds", _("退款")),
            ("events", _("支付通知")),
        )
    ]


@access(SECTION.policy)
class Payments(Listing):
    section = SECTION
    title = _("收款与退款")
    export = "office:payments_export"
    columns = (
        link_column("number", _("支付单号"), sort="number"),
        column("customer", _("客户")),
        column("subject", _("用途")),
        column("method", _("方式")),
        column("amount", _("金额"), "money", unit=_("元"), sort="amount"),
        column("refunded", _("已退"), "money", unit=_("元")),
        mark_column("state", _("状态"), sort="state"),
        column("trade_no", _("渠道交易号"), "id", off=True),
        column("created_at", _("发起时间"), "time", sort="created_at"),
        column("paid_at", _("支付时间"), "time"),
    )
    sorts = {
        "number": "number",
        "amount": "amount_minor",
        "state": "state",
        "created_at": "created_at",
    }
    filters = (
        Filter("q", _("支付单号、渠道交易号")),
        Filter("state", _("全部状态"), "select", IntentState.choices),
        *DAYS,
    )
    empty = Empty(_("还没有收款"), _("客户用支付宝付款或充值后会出现在这里。"), "credit-card")

    def find(self) -> QuerySet[PaymentIntent]:
        return records.intents(
            text=self.asked.raw("q"),
            state=self.asked.one_of("state", IntentState.values),
            customer_id=self.asked.uuid("customer"),
            since=self.asked.since(),
            until=self.asked.until(),
        )

    def rows(self, found: Sequence[PaymentIntent]) -> list[Row]:
        names = customers.names(public_ids={intent.customer_id for intent in found})
        return [_row(intent, names) for intent in found]

    def more(self) -> Mapping[str, Any]:
        return {"tabs": _tabs("payments")}


def _row(intent: PaymentIntent, names: Mapping[UUID, str]) -> Row:
    payment = getattr(intent, "payment", None)
    refunded = Money(payment.refunded_minor, payment.currency) if payment else None
    return {
        "number": Link(intent.number, to("payment", intent.number), drawer=True),
        "customer": names.get(intent.customer_id, ""),
        "subject": intent.subject,
        "method": Method(intent.method).label,
        "amount": intent.amount,
        "refunded": refunded or None,
        "state": states.intent(intent.state),
        "trade_no": payment.provider_trade_no if payment else "",
        "created_at": intent.created_at,
        "paid_at": payment.paid_at if payment else None,
    }


@access(SECTION.policy)
def payment(request: HttpRequest, number: str) -> HttpResponse:
    file = payment_file(number=number)
    context = {
        "file": file,
        "state": states.intent(file.intent.state),
        "method": Method(file.intent.method).label,
        "refunds": [
            {
                "refund": one,
                "state": states.refund(one.state),
                "last": one is file.refunds[-1],
            }
            for one in file.refunds
        ],
        "notices": [
            {"event": one, "state": states.event(one.state), "reason": words.refusal(one.reason)}
            for one in file.notices
        ],
        "events": timeline.events(file.records),
    }
    return page(request, "backoffice/payment.html", SECTION, context)


@access(sections.REFUND)
@require_POST
def refund_again(request: HttpRequest, number: str) -> HttpResponse:
    """What the provider refused, once more out of the customer's balance."""
    try:
        sent = refunds.again(number=number, at=clock.now())
    except DomainError as refused:
        if refused.status == 404:
            raise
        messages.error(request, str(refused))
        return _to_payment(number)
    messages.success(request, said("已重新发起退款 %(number)s。") % {"number": sent.number})
    return _to_payment(number)


@access(sections.REFUND)
@require_POST
def refund_ask(request: HttpRequest, number: str) -> HttpResponse:
    """Asks the provider now, instead of at the next turn."""
    state = refunds.ask(number=number, at=clock.now())
    label = RefundState(state).label
    messages.info(request, said("渠道答复：%(state)s。") % {"state": label})
    return _to_payment(number)


def _to_payment(refund_number: str) -> HttpResponse:
    found = records.refund(number=refund_number)
    return redirect("office:payment", number=found.payment.intent.number)


@access(SECTION.policy)
class Refunds(Listing):
    section = SECTION
    title = _("退款")
    export = "office:refunds_export"
    columns = (
        link_column("number", _("退款单号")),
        column("customer", _("客户")),
        column("amount", _("金额"), "money", unit=_("元"), sort="amount"),
        column("reason", _("原因")),
        mark_column("state", _("状态"), sort="state"),
        column("detail", _("渠道说明"), off=True),
        column("created_at", _("发起时间"), "time", sort="created_at"),
        column("finished_at", _("完成时间"), "time"),
    )
    sorts = {"amount": "amount_minor", "state": "state", "created_at": "created_at"}
    filters = (
        Filter("q", _("退款单号、支付单号")),
        Filter("state", _("全部状态"), "select", RefundState.choices),
    )
    empty = Empty(
        _("还没有退款"), _("开通失败和退订的款项原路退回时会列在这里。"), "receipt-refund"
    )

    def find(self) -> QuerySet[Refund]:
        return records.refunds(
            text=self.asked.raw("q"), state=self.asked.one_of("state", RefundState.values)
        )

    def rows(self, found: Sequence[Refund]) -> list[Row]:
        names = customers.names(public_ids={refund.payment.customer_id for refund in found})
        return [
            {
                "number": Link(
                    refund.number, to("payment", refund.payment.intent.number), drawer=True
                ),
                "customer": names.get(refund.payment.customer_id, ""),
                "amount": Money(refund.amount_minor, refund.payment.currency),
                "reason": refund.reason,
                "state": states.refund(refund.state),
                "detail": refund.detail,
                "created_at": refund.created_at,
                "finished_at": refund.finished_at,
            }
            for refund in found
        ]

    def more(self) -> Mapping[str, Any]:
        return {"tabs": _tabs("refunds")}


@access(SECTION.policy)
class Events(Listing):
    section = SECTION
    title = _("支付通知")
    lead = _("支付渠道发来的每一条通知都原样留存；未通过核验的不会变动任何款项。")
    export = "office:events_export"
    columns = (
        column("received_at", _("收到时间"), "time", sort="received_at"),
        link_column("provider", _("渠道")),
        mark_column("state", _("处理"), sort="state"),
        column("reason", _("原因")),
        column("number", _("支付单号"), "id"),
        column("app_id", _("应用编号"), "id", off=True),
        column("ip", _("来源地址"), off=True),
    )
    sorts = {"received_at": "received_at", "state": "state"}
    filters = (
        Filter("q", _("支付单号、原因")),
        Filter("state", _("全部处理"), "select", EventState.choices),
        *DAYS,
    )
    empty = Empty(_("还没有支付通知"), _("客户付款后，支付渠道会把结果通知到这里。"), "webhook")

    def find(self) -> QuerySet[ProviderEvent]:
        return records.events(
            text=self.asked.raw("q"),
            state=self.asked.one_of("state", EventState.values),
            since=self.asked.since(),
            until=self.asked.until(),
        )

    def rows(self, found: Sequence[ProviderEvent]) -> list[Row]:
        return [
            {
                "received_at": event.received_at,
                "provider": Link(
                    str(Provider(event.provider).label), to("event", event.public_id), drawer=True
                ),
                "state": states.event(event.state),
                "reason": words.refusal(event.reason),
                "number": event.number,
                "app_id": event.app_id,
                "ip": event.ip,
            }
            for event in found
        ]

    def more(self) -> Mapping[str, Any]:
        return {"tabs": _tabs("events")}


@access(SECTION.policy)
def event(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = records.event(public_id=public_id)
    text = bytes(found.body).decode("utf-8", "replace")
    context = {
        "event": found,
        "provider": Provider(found.provider).label,
        "state": states.event(found.state),
        "reason": words.refusal(found.reason),
        "fields": sorted(parse_qsl(text, keep_blank_values=True, max_num_fields=200)),
        "text": text,
    }
    return page(request, "backoffice/event.html", SECTION, context)
