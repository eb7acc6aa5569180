"""Text messages to customers, one for each notice that is worth one."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from billing.balances.enums import CreditState, PayoutState
from billing.balances.models import BankPayout, Gift, Lot, OfflineRecharge
from billing.invoicing import queries as invoicing
from billing.invoicing.enums import InvoiceColor, InvoiceState
from billing.invoicing.models import Invoice
from billing.payments.models import Refund
from shared_apps.distributors.queries import by_schema
from shared_apps.identity.sms import SmsRefused, send_sms
from shared_apps.kernel import clock, tenancy
from shared_apps.kernel.errors import OutcomeUnknown
from shared_apps.kernel.money import Money

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


def offline_recharge_decided(payload: dict[str, Any]) -> None:
    recharge = OfflineRecharge.objects.get(public_id=UUID(payload["id"]))
    told = f"线下充值 {recharge.number}（{recharge.amount} 元）"
    if recharge.state == CreditState.APPROVED:
        _tell_once(recharge.customer_id, "线下充值已入账", f"{told}已核对入账，可以使用。")
    else:
        body = f"{told}未通过核对：{recharge.reason}。更正后可重新提交。"
        _tell_once(recharge.customer_id, "线下充值未通过", body, link="/balance/offline/")


def gift_given(payload: dict[str, Any]) -> None:
    gift = Gift.objects.get(public_id=UUID(payload["id"]))
    until = timezone.localtime(gift.expires_at).strftime("%Y-%m-%d %H:%M")
    body = f"{gift.title}：{gift.amount} 元已存入您的余额，有效期至 {until}，下单时优先使用。"
    _tell_once(gift.customer_id, "您收到一笔赠送余额", body)


def bank_payout_moved(payload: dict[str, Any]) -> None:
    payout = BankPayout.objects.get(public_id=UUID(payload["id"]))
    told = f"提现 {payout.number}（{payout.amount} 元）"
    words = {
        PayoutState.APPROVED: (
            "提现已通过审核",
            f"{told}将转到尾号 {payout.account_tail} 的账户。",
        ),
        PayoutState.PAID: ("提现已转账", f"{told}已转出，银行流水号 {payout.bank_reference}。"),
        PayoutState.REJECTED: ("提现未通过", f"{told}未通过：{payout.reason}。款项仍在您的余额。"),
        PayoutState.FAILED: (
            "提现未成功",
            f"{told}银行未能转出：{payout.reason}。款项已回到您的余额。",
        ),
    }
    if payout.state in words:
        title, body = words[PayoutState(payout.state)]
        _tell_once(payout.customer_id, title, body, link="/balance/withdrawals/")


def refund_failed(payload: dict[str, Any]) -> None:
    refund = Refund.objects.select_related("payment").get(number=payload["number"])
    amount = Money(refund.amount_minor, refund.payment.currency)
    body = (
        f"{refund.number}（{amount} 元）没有被支付渠道受理，款项已回到您的余额。"
        "可以继续使用，也可以申请提现到银行账户。"
    )
    _tell_once(refund.payment.customer_id, "原路退款未成功", body, link="/balance/withdrawals/")


def bill_news(payload: dict[str, Any]) -> None:
    number, owed = payload["number"], payload["owed"]
    until = ""
    if payload["due_at"]:
        due_at = timezone.localtime(datetime.fromisoformat(payload["due_at"]))
        until = f"{due_at:%Y-%m-%d %H:%M}"
    title, body = {
        "issued": ("账单已出", f"账单 {number} 待还 {owed} 元，请在 {until} 前支付。"),
        "overdue": (
            "账单已逾期",
            f"账单 {number} 待还 {owed} 元，已于 {until} 到期。3 天内未支付，按量资源将暂停。",
        ),
        "suspended": (
            "账单逾期，资源暂停",
            f"账单 {number} 待还 {owed} 元，宽限期已过，按量资源已暂停。支付后自动恢复。",
        ),
    }[payload["what"]]
    _tell_once(UUID(payload["customer"]), title, body, link=f"/bills/{payload['bill']}/")


def lot_expiring(payload: dict[str, Any]) -> None:
    """Told only while something is left, and the time has not been put off."""
    lot = Lot.objects.get(public_id=UUID(payload["lot"]))
    now = clock.now()
    if not lot.left_minor or lot.expires_at is None or not now < lot.expires_at:
        return
    until = timezone.localtime(lot.expires_at).strftime("%Y-%m-%d %H:%M")
    body = f"{lot.title}：还有 {lot.left} 元将于 {until} 到期，到期后不能再用。"
    _tell_once(lot.customer_id, "赠送余额即将到期", body)


def _tell_once(customer_id: UUID, title: str, body: str, *, link: str = "/balance/") -> None:
    """However often the news is delivered, the customer reads it once."""
    with transaction.atomic():
        customer = Customer.objects.select_for_update().get(public_id=customer_id)
        if not Notice.objects.filter(customer=customer, title=title[:80], body=body).exists():
            services.notify(customer=customer, title=title, body=body, link=link)
