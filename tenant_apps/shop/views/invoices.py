"""我的发票: what was consumed and is not yet invoiced, asking, the invoices, and the titles."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from billing.invoicing import queries, services
from billing.invoicing.enums import InvoiceColor, InvoiceState
from billing.invoicing.errors import InvoiceNotFound, NothingToInvoice
from billing.invoicing.models import Consumption, Invoice
from billing.ledger import days
from shared_apps.audit.services import record
from shared_apps.files.answers import download
from shared_apps.identity.access import Customer, access, person
from shared_apps.kernel import clock
from shared_apps.kernel.errors import DomainError
from shared_apps.kernel.ids import new_id
from shared_apps.kernel.money import total
from tenant_apps.customers.queries import customer_of
from tenant_apps.shop.invoice_forms import InvoiceForm, TitleForm

PER_PAGE = 20
MOST_SHOWN = 500  # as many as one invoice takes

TONES = {
    InvoiceState.REQUESTED: "amber",
    InvoiceState.ISSUED: "green",
    InvoiceState.REVERSED: "grey",
    InvoiceState.REJECTED: "red",
    InvoiceState.WITHDRAWN: "grey",
}


def _shown(invoice: Invoice) -> dict[str, Any]:
    state = InvoiceState(invoice.state)
    label = str(state.label)
    if invoice.color == InvoiceColor.RED:
        label = str(InvoiceColor.RED.label)
    elif state == InvoiceState.ISSUED and invoice.reversed_minor:
        label = _("部分红冲")
    return {
        "invoice": invoice,
        "url": reverse("shop:invoice", args=[invoice.public_id]),
        "tone": TONES[state],
        "label": label,
    }


@access(Customer)
@require_GET
def invoice_list(request: HttpRequest) -> HttpResponse:
    who = customer_of(person(request))
    page = Paginator(queries.invoices_of(customer_id=who.public_id), PER_PAGE).get_page(
        request.GET.get("page")
    )
    return render(
        request,
        "shop/invoices.html",
        {
            "standing": queries.standing_of(customer_id=who.public_id),
            "invoices": [_shown(invoice) for invoice in page],
            "page": page,
            "section": "mine",
        },
    )


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


def _moments(first: date | None, last: date | None) -> tuple[datetime | None, datetime | None]:
    """The days from the first to the last, which is in; half-open."""
    return (
        days.start_of(first) if first else None,
        days.start_of(last + timedelta(days=1)) if last and last < date.max else None,
    )


@access(Customer)
def invoice_new(request: HttpRequest) -> HttpResponse:
    """What can be invoiced, chosen by days or one by one; and to whom."""
    who = customer_of(person(request))
    titles = list(queries.titles_of(customer_id=who.public_id))
    first, last = _day(request.GET.get("from")), _day(request.GET.get("to"))
    since, until = _moments(first, last)
    found = queries.open_consumption(customer_id=who.public_id, since=since, until=until)
    rows = list(found[:MOST_SHOWN])
    chosen = set(request.POST.getlist("consumption"))
    if request.method == "POST":
        form = InvoiceForm(request.POST, titles=titles)
        if form.is_valid():
            try:
                asked = _ask(who.public_id, form.cleaned_data, chosen)
            except NothingToInvoice:
                form.add_error(None, _("请勾选要开票的消费；列表可能已变化，请核对后再提交。"))
            except DomainError as refused:
                field = getattr(refused, "field", "")
                form.add_error(field if field in form.fields else None, str(refused))
            else:
                messages.success(request, _("申请已提交，开好后会通知您。"))
                return redirect("shop:invoice", asked.public_id)
    else:
        form = InvoiceForm(
            titles=titles, initial={"email": who.user.email, "request_key": new_id()}
        )
        chosen = {str(row.public_id) for row in rows}
    return render(
        request,
        "shop/invoice_new.html",
        {
            "form": form,
            "titles": titles,
            "rows": [_row(row, chosen) for row in rows],
            "more": max(0, found.count() - MOST_SHOWN),
            "open": total(row.open for row in rows),
            "first": first,
            "last": last,
            "section": "mine",
        },
        status=422 if form.is_bound else 200,
    )


def _row(row: Consumption, chosen: Iterable[str]) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "name": row.name,
        "order_number": row.order_number,
        "at": row.consumed_at,
        "open": row.open,
        "partly": row.open_minor != row.consumed_minor,
        "rate": row.tax_rate,
        "chosen": str(row.public_id) in chosen,
    }


def _ask(customer_id: UUID, told: dict[str, Any], chosen: Iterable[str]) -> Invoice:
    try:
        consumptions = [UUID(one) for one in chosen]
    except ValueError as wrong:
        raise NothingToInvoice from wrong
    return services.ask(
        customer_id=customer_id,
        title_id=UUID(told["title"]),
        kind=told["kind"],
        consumptions=consumptions,
        email=told["email"],
        mobile=told["mobile"],
        remark=told["remark"],
        request_key=told["request_key"],
        at=clock.now(),
    )


@access(Customer)
@require_GET
def invoice(request: HttpRequest, public_id: UUID) -> HttpResponse:
    who = customer_of(person(request))
    found = queries.invoice_of(customer_id=who.public_id, public_id=public_id)
    reds = list(queries.invoices_of(customer_id=who.public_id).filter(reverses=found))
    return render(
        request,
        "shop/invoice.html",
        {
            **_shown(found),
            "lines": found.lines.all(),
            "reds": [_shown(red) for red in reds],
            "events": events(found, reds),
            "waiting": found.state == InvoiceState.REQUESTED,
            "section": "mine",
        },
    )


def events(invoice: Invoice, reds: Iterable[Invoice]) -> list[dict[str, Any]]:
    """The steps of an invoice for `c-timeline`, newest first."""
    steps: list[dict[str, Any]] = []
    state = InvoiceState(invoice.state)
    if invoice.color == InvoiceColor.BLUE:
        steps.append({"at": invoice.asked_at, "title": _("提交申请"), "tone": "grey"})
    if invoice.decided_at:
        titles = {
            InvoiceState.REJECTED: _("申请未通过"),
            InvoiceState.WITHDRAWN: _("已撤回"),
        }
        steps.append(
            {
                "at": invoice.decided_at,
                "title": titles.get(state, _("已开具")),
                "text": invoice.reason,
                "tone": TONES[state] if state in titles else "green",
            }
        )
    if invoice.sent_at:
        text = invoice.email
        steps.append({"at": invoice.sent_at, "title": _("已发送到邮箱"), "text": text})
    steps += [
        {
            "at": red.decided_at,
            "title": _("红冲 %(amount)s 元") % {"amount": -red.amount},
            "text": red.reason,
            "tone": "amber",
            "url": reverse("shop:invoice", args=[red.public_id]),
        }
        for red in reds
    ]
    return sorted(steps, key=lambda step: step["at"], reverse=True)


@access(Customer)
@require_POST
def invoice_withdraw(request: HttpRequest, public_id: UUID) -> HttpResponse:
    who = customer_of(person(request))
    try:
        services.withdraw(customer_id=who.public_id, public_id=public_id, at=clock.now())
    except InvoiceNotFound:
        raise
    except DomainError as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("申请已撤回，这些消费可以重新申请开票。"))
    return redirect("shop:invoice", public_id)


@access(Customer)
@require_GET
def invoice_file(request: HttpRequest, public_id: UUID) -> HttpResponse:
    who = customer_of(person(request))
    found = queries.invoice_of(customer_id=who.public_id, public_id=public_id)
    if found.file is None:
        raise InvoiceNotFound
    with transaction.atomic():
        record("invoice.download", obj=found, after={"file": found.file.name})
    return download(found.file)


# ---- titles


@access(Customer)
def titles(request: HttpRequest) -> HttpResponse:
    return _title_page(request, None)


@access(Customer)
def title(request: HttpRequest, public_id: UUID) -> HttpResponse:
    return _title_page(request, public_id)


def _title_page(request: HttpRequest, public_id: UUID | None) -> HttpResponse:
    """The titles, and a form for a new one or the one named."""
    who = customer_of(person(request))
    changed = (
        queries.title_of(customer_id=who.public_id, public_id=public_id) if public_id else None
    )
    if request.method == "POST":
        form = TitleForm(request.POST)
        if form.is_valid():
            try:
                services.save_title(
                    customer_id=who.public_id, title_id=public_id, **form.cleaned_data
                )
            except DomainError as refused:
                field = getattr(refused, "field", "")
                form.add_error(field if field in form.fields else None, str(refused))
            else:
                messages.success(request, _("发票抬头已保存。"))
                return redirect(_next(request))
    else:
        form = TitleForm(initial=forms.models.model_to_dict(changed) if changed else None)
    return render(
        request,
        "shop/invoice_titles.html",
        {
            "form": form,
            "changed": changed,
            "titles": queries.titles_of(customer_id=who.public_id),
            "asking": request.GET.get("then") == "ask",
            "section": "mine",
        },
        status=422 if form.is_bound else 200,
    )


def _next(request: HttpRequest) -> str:
    return reverse(
        "shop:invoice_new" if request.GET.get("then") == "ask" else "shop:invoice_titles"
    )


@access(Customer)
@require_POST
def title_remove(request: HttpRequest, public_id: UUID) -> HttpResponse:
    who = customer_of(person(request))
    services.remove_title(customer_id=who.public_id, title_id=public_id)
    messages.success(request, _("发票抬头已删除，已开的发票不受影响。"))
    return redirect("shop:invoice_titles")
