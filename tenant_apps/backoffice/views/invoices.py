"""发票: what customers ask for, what is issued, what must be reversed."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as said
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from billing.invoicing import queries, services
from billing.invoicing.enums import InvoiceColor, InvoiceKind, InvoiceState
from billing.invoicing.errors import InvoiceNotFound
from billing.invoicing.models import Consumption, Invoice
from billing.invoicing.queries import BlueLine
from billing.ledger.days import day_of
from shared_apps.audit import queries as audit
from shared_apps.audit.services import record
from shared_apps.files.answers import download
from shared_apps.identity.access import access
from shared_apps.kernel import clock
from shared_apps.kernel.errors import DomainError
from shared_apps.kernel.money import Money
from tenant_apps.backoffice import sections, states, timeline
from tenant_apps.backoffice.asking import staff
from tenant_apps.backoffice.cells import AMBER, Link, Mark, Row, column, link_column, mark_column
from tenant_apps.backoffice.frame import page, told
from tenant_apps.backoffice.listing import DAYS, Empty, Filter, Listing
from tenant_apps.customers import queries as customers

from .addresses import to

SECTION = sections.INVOICES


def _tabs(here: str) -> list[dict[str, Any]]:
    return [
        {"label": label, "url": to(name), "active": name == here}
        for name, label in (("invoices", _("申请与发票")), ("invoices_to_reverse", _("待红冲")))
    ]


def state_of(invoice: Invoice) -> Mark:
    if invoice.state == InvoiceState.ISSUED and invoice.reversed_minor:
        return Mark(_("部分红冲"), AMBER)
    return states.invoice(invoice.state)


@access(SECTION.policy)
class Invoices(Listing):
    section = SECTION
    title = _("发票")
    lead = _("客户按已消费金额申请，开具后登记号码并上传文件；累计开票不会超过消费金额。")
    export = "office:invoices_export"
    columns = (
        link_column("number", _("申请编号"), sort="number"),
        column("customer", _("客户")),
        column("name", _("抬头")),
        column("tax_number", _("税号"), "id", off=True),
        column("kind", _("种类")),
        column("color", _("蓝红")),
        column("amount", _("价税合计"), "money", unit=_("元"), sort="amount"),
        column("net", _("不含税金额"), "money", unit=_("元"), off=True),
        column("tax", _("税额"), "money", unit=_("元"), off=True),
        mark_column("state", _("状态"), sort="state"),
        column("tax_invoice_number", _("发票号码"), "id"),
        column("asked_at", _("申请时间"), "time", sort="asked_at"),
        column("issued_on", _("开票日期"), "date", off=True),
    )
    sorts = {
        "number": "number",
        "amount": "amount_minor",
        "state": "state",
        "asked_at": "asked_at",
    }
    filters = (
        Filter("q", _("编号、号码、抬头、税号")),
        Filter("state", _("全部状态"), "select", InvoiceState.choices),
        Filter("kind", _("全部种类"), "select", InvoiceKind.choices),
        Filter("color", _("蓝票和红票"), "select", InvoiceColor.choices),
        *DAYS,
    )
    empty = Empty(
        _("还没有发票申请"), _("客户在“我的发票”提交申请后会出现在这里。"), "file-invoice"
    )

    def find(self) -> QuerySet[Invoice]:
        customer = self.asked.uuid("customer")
        return queries.invoices(
            text=self.asked.raw("q"),
            state=self.asked.one_of("state", InvoiceState.values),
            kind=self.asked.one_of("kind", InvoiceKind.values),
            color=self.asked.one_of("color", InvoiceColor.values),
            customer_ids=[customer] if customer else None,
            since=self.asked.since(),
            until=self.asked.until(),
        )

    def rows(self, found: Sequence[Invoice]) -> list[Row]:
        names = customers.names(public_ids={invoice.customer_id for invoice in found})
        return [_row(invoice, names) for invoice in found]

    def more(self) -> Mapping[str, Any]:
        return {"tabs": _tabs("invoices")}


def _row(invoice: Invoice, names: Mapping[UUID, str]) -> Row:
    return {
        "number": Link(invoice.number, to("invoice", invoice.public_id), drawer=True),
        "customer": names.get(invoice.customer_id, ""),
        "name": invoice.name,
        "tax_number": invoice.tax_number,
        "kind": InvoiceKind(invoice.kind).label,
        "color": InvoiceColor(invoice.color).label,
        "amount": invoice.amount,
        "net": invoice.net,
        "tax": invoice.tax,
        "state": state_of(invoice),
        "tax_invoice_number": invoice.tax_invoice_number,
        "asked_at": invoice.asked_at,
        "issued_on": invoice.issued_on,
    }


@access(SECTION.policy)
class ToReverse(Listing):
    section = SECTION
    title = _("待红冲")
    lead = _("开票之后又退款的消费：请对原蓝票红冲相应金额。")
    export = "office:invoices_to_reverse_export"
    columns = (
        link_column("name", _("消费")),
        column("customer", _("客户")),
        column("order", _("订单号"), "id"),
        column("kept", _("消费减退款"), "money", unit=_("元")),
        column("invoiced", _("已开票"), "money", unit=_("元")),
        column("excess", _("应红冲"), "money", unit=_("元")),
        column("at", _("消费时间"), "time"),
    )
    empty = Empty(_("没有待红冲的发票"), _("已开票的订单退款后，会在这里提醒红冲。"), "checklist")

    def find(self) -> QuerySet[Consumption]:
        return queries.to_reverse()

    def rows(self, found: Sequence[Consumption]) -> list[Row]:
        names = customers.names(public_ids={one.customer_id for one in found})
        blues = queries.blue_of(found)
        return [
            {
                "name": Link(one.name, to("invoice", blues[one.pk].public_id), drawer=True),
                "customer": names.get(one.customer_id, ""),
                "order": one.order_number,
                "kept": one.kept,
                "invoiced": Money(one.invoiced_minor, one.currency),
                "excess": one.excess,
                "at": one.consumed_at,
            }
            for one in found
        ]

    def more(self) -> Mapping[str, Any]:
        return {"tabs": _tabs("invoices_to_reverse")}


class PapersForm(forms.Form):
    tax_invoice_number = forms.CharField(
        label=_("发票号码"), max_length=20, help_text=_("数电发票 20 位；纸质发票 8 位。")
    )
    tax_code = forms.CharField(
        label=_("发票代码"), max_length=12, required=False, help_text=_("数电发票不填。")
    )
    issued_on = forms.DateField(
        label=_("开票日期"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    file = forms.FileField(
        label=_("发票文件"),
        help_text=_("PDF、PNG 或 JPEG，不超过 5 MB；会发给客户。"),
        widget=forms.FileInput(attrs={"accept": ".pdf,.png,.jpg,.jpeg"}),
    )

    def papers(self) -> services.Papers:
        data = self.cleaned_data
        return services.Papers(
            tax_code=data["tax_code"],
            tax_invoice_number=data["tax_invoice_number"],
            issued_on=data["issued_on"],
            upload=data["file"],
        )


class RedForm(PapersForm):
    """The amounts of the blue invoice's lines come as `line-<id>`, beside these."""

    reason = forms.CharField(label=_("红冲原因"), max_length=120)
    request_key = forms.UUIDField(widget=forms.HiddenInput)


class ReasonForm(forms.Form):
    reason = forms.CharField(max_length=300)


@require_GET
@access(SECTION.policy)
def invoice(request: HttpRequest, public_id: UUID) -> HttpResponse:
    return _detail(request, queries.invoice(public_id=public_id))


def _detail(
    request: HttpRequest,
    found: Invoice,
    *,
    issue_form: PapersForm | None = None,
    red_form: RedForm | None = None,
    typed: Mapping[str, str] | None = None,
) -> HttpResponse:
    today = {"issued_on": day_of(clock.now())}
    lines = queries.blue_lines(found)
    excess = any(line.excess.minor for line in lines)
    reds = list(queries.invoices_of(customer_id=found.customer_id).filter(reverses=found))
    context = {
        "invoice": found,
        "state": state_of(found),
        "customer": customers.names(public_ids=[found.customer_id]).get(found.customer_id, ""),
        "lines": [
            {
                **_line(line),
                "typed": (typed or {}).get(
                    str(line.line.public_id), str(line.excess if excess else line.left)
                ),
            }
            for line in lines
        ],
        "reds": [{"invoice": red, "state": state_of(red)} for red in reds],
        "excess": excess,
        "issue_form": issue_form or PapersForm(initial=today),
        "red_form": red_form or RedForm(initial={**today, "request_key": uuid.uuid4()}),
        "may_issue": found.state == InvoiceState.REQUESTED,
        "may_reverse": found.color == InvoiceColor.BLUE and found.state == InvoiceState.ISSUED,
        "events": timeline.events(audit.histories([found, *reds])[:50]),
    }
    wrong = (issue_form and issue_form.errors) or (red_form and red_form.errors)
    return page(request, "backoffice/invoice.html", SECTION, context, status=422 if wrong else 200)


def _line(line: BlueLine) -> dict[str, Any]:
    return {"line": line.line, "left": line.left, "excess": line.excess}


@require_POST
@access(SECTION.policy)
def invoice_issue(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = queries.invoice(public_id=public_id)
    form = PapersForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            services.issue(invoice=found, papers=form.papers(), by=staff(request), at=clock.now())
        except DomainError as error:
            told(form, error)
        else:
            messages.success(request, said("发票已开具，已通知客户。"))
            return redirect("office:invoice", public_id=public_id)
    return _detail(request, found, issue_form=form)


@require_POST
@access(SECTION.policy)
def invoice_reject(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = queries.invoice(public_id=public_id)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        messages.error(request, said("请写明驳回原因，最多 300 字。"))
        return redirect("office:invoice", public_id=public_id)
    try:
        services.reject(invoice=found, reason=form.cleaned_data["reason"], at=clock.now())
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, said("申请已驳回，客户可以修改后重新申请。"))
    return redirect("office:invoice", public_id=public_id)


@require_POST
@access(SECTION.policy)
def invoice_reverse(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """红冲 by the amounts that stand in the form, line by line."""
    found = queries.invoice(public_id=public_id)
    form = RedForm(request.POST, request.FILES)
    typed = {
        name.removeprefix("line-"): request.POST.get(name, "").strip()
        for name in request.POST
        if name.startswith("line-")
    }
    if form.is_valid():
        try:
            red = services.reverse(
                invoice=found,
                parts={UUID(key): Money.of(Decimal(value or "0")) for key, value in typed.items()},
                papers=form.papers(),
                reason=form.cleaned_data["reason"],
                request_key=form.cleaned_data["request_key"],
                by=staff(request),
                at=clock.now(),
            )
        except DomainError as error:
            told(form, error)
        except (ValueError, ArithmeticError):
            form.add_error(None, said("红冲金额应为最多两位小数的数字。"))
        else:
            text = said("红票已登记，红冲 %(amount)s 元，已通知客户。") % {"amount": -red.amount}
            messages.success(request, text)
            return redirect("office:invoice", public_id=public_id)
    return _detail(request, found, red_form=form, typed=typed)


@require_GET
@access(SECTION.policy)
def invoice_file(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = queries.invoice(public_id=public_id)
    if found.file is None:
        raise InvoiceNotFound
    with transaction.atomic():
        record("invoice.download", obj=found, after={"file": found.file.name})
    return download(found.file)
