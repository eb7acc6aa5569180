"""Text messages to customers, one for each notice that is worth one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from billing.invoicing import queries as invoicing
from billing.invoicing.enums import InvoiceColor, InvoiceState
from billing.invoicing.models import Invoice
from shared_apps.distributors.queries import by_schema
from shared_apps.identity.sms import SmsRefused, send_sms
from shared_apps.kernel import clock, tenancy
from shared_apps.kernel.errors import OutcomeUnknown

from . import services
from .models import Customer, Notice


def tell(payload: dict[str, Any]) -> None:
    """`customer.notice`: texts the notice's title, unless it was sent or read already.

    Holds the notice while it sends, so that two workers do not both; a worker that dies between
    the provider's answer and the commit may send it twice, which a customer can bear. What may
    have been sent is not sent again.
    """
    with transaction.atomic():
        notice = (
            Notice.objects.select_for_update(of=("self",))
            .select_related("customer__user")
            .filter(public_id=UUID(payload["notice"]), told_at=None, read_at=None)
            .first()
        )
        if notice is None:
            return
        user = notice.customer.user
        if user.phone and user.phone_verified and user.is_active:
            _send(user.phone, notice)
        services.note_told(notice=notice, at=clock.now())


def invoice_decided(payload: dict[str, Any]) -> None:
    """`invoice.decided`: the customer is told once, however often it is delivered."""
    invoice = invoicing.invoice(public_id=UUID(payload["invoice"]))
    link = f"/invoices/{invoice.public_id}/"
    with transaction.atomic():
        customer = Customer.objects.select_for_update().get(public_id=invoice.customer_id)
        if not Notice.objects.filter(customer=customer, link=link).exists():
            title, body = _invoice_words(invoice)
            services.notify(customer=customer, title=title, body=body, link=link)


def _invoice_words(invoice: Invoice) -> tuple[str, str]:
    if invoice.state == InvoiceState.REJECTED:
        return "发票申请未通过", f"申请 {invoice.number}：{invoice.reason}。可修改后重新申请。"
    if invoice.color == InvoiceColor.RED:
        return "发票已红冲", f"红票 {invoice.tax_invoice_number}：{invoice.reason}。"
    return (
        "发票已开具",
        f"发票 {invoice.tax_invoice_number}，价税合计 {invoice.amount} 元，可下载，也已发往您的邮箱。",
    )


def _send(phone: str, notice: Notice) -> None:
    shop = by_schema(tenancy.require()).name
    try:
        send_sms(
            phone=phone,
            template_code=settings.SMS_TEMPLATES["notice"],
            params={"shop": shop, "title": notice.title},
        )
    except OutcomeUnknown:
        return
    except SmsRefused as refused:
        if not refused.permanent:
            raise
