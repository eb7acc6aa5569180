"""Asking to be paid, and finding out what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import transaction

from billing.balances.services import lots
from billing.ledger.enums import PartyKind
from billing.ledger.parties import Party
from billing.payments.accounts import active_account, gateway_for, notify_path
from billing.payments.enums import PROVIDER_OF, QR_METHODS, IntentState, Method
from billing.payments.errors import MethodNotOffered
from billing.payments.gateways.base import GatewayTrade, TradeAlreadyPaid, TradeState
from billing.payments.models import Payment, PaymentIntent
from billing.payments.parties import channel_party
from shared_apps.audit.services import record
from shared_apps.kernel import ids
from shared_apps.kernel.context import actor
from shared_apps.kernel.errors import DomainError, ProviderError
from shared_apps.kernel.money import Money
from shared_apps.outbox.services import publish

log = structlog.get_logger(__name__)

FIRST_CHECK = timedelta(seconds=8)
QR_LASTS = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Return:
    """Where the provider sends its word (this site), and the buyer's browser (a page of it)."""

    site: str
    return_url: str


def start(
    *,
    method: str,
    customer: Party,
    amount: Money,
    subject: str,
    order_id: UUID | None,
    back: Return,
    expires_at: datetime,
    at: datetime,
) -> PaymentIntent:
    """Opens a payment at the provider. Money moves only when the provider says so later.

    The intent is committed before the provider hears of it, so that no payment is ever unknown to
    us; if the provider can't be reached the intent stays and is closed by its check. A QR code lasts
    ten minutes at most. WeChat's own browser is not served: it would need the buyer's openid.
    """
    if method == Method.WECHAT_JSAPI:
        raise MethodNotOffered
    if method in QR_METHODS:
        expires_at = min(expires_at, at + QR_LASTS)
    account = active_account(PROVIDER_OF[Method(method)])
    with transaction.atomic():
        intent = PaymentIntent.objects.create(
            number=ids.number("P", at),
            account=account,
            method=method,
            customer_id=UUID(customer.id),
            order_id=order_id,
            subject=subject[:120],
            amount_minor=amount.minor,
            currency=amount.currency,
            expires_at=expires_at,
        )
        publish("payment.check", {"number": intent.number}, not_before=at + FIRST_CHECK)
        record(
            "payment.start",
            obj=intent,
            after={"number": intent.number, "amount": str(amount), "method": method},
        )
    started = gateway_for(account).start(
        method=Method(method),
        number=intent.number,
        amount=amount,
        subject=intent.subject,
        notify_url=f"{back.site}{notify_path(account)}",
        return_url=back.return_url,
        expires_at=expires_at,
        payer_ip=actor().ip or "",
    )
    intent.qr_content, intent.redirect_url = started.qr_content, started.redirect_url
    intent.provider_ref = started.provider_ref
    intent.save(update_fields=["qr_content", "redirect_url", "provider_ref"])
    return intent


def succeed(*, number: str, trade: GatewayTrade, at: datetime) -> bool:
    """Credits a verified payment to its customer's balance; True if this call did it.

    Locks the intent: however many notifications and queries arrive, one payment row and one ledger
    entry come of them. The caller has compared merchant and amount.
    """
    with transaction.atomic():
        intent = PaymentIntent.objects.select_for_update().get(number=number)
        if intent.state == IntentState.SUCCEEDED:
            return False
        before = intent.state
        intent.state = IntentState.SUCCEEDED
        intent.closed_at = at
        intent.save(update_fields=["state", "closed_at"])
        paid_at = trade.paid_at or at
        payment = Payment.objects.create(
            intent=intent,
            provider_trade_no=trade.provider_trade_no,
            customer_id=intent.customer_id,
            amount_minor=intent.amount_minor,
            currency=intent.currency,
            paid_at=paid_at,
        )
        lots.enter(
            event="recharge",
            source=f"payment:{intent.number}",
            customer=Party(PartyKind.CUSTOMER, str(intent.customer_id)),
            amount=intent.amount,
            origin_id=payment.public_id,
            title=intent.subject,
            effective_at=paid_at,
            parties={"channel": channel_party(intent.account)},
            details={"method": str(intent.method), "provider": str(intent.account.provider)},
            memo=f"{intent.subject} {trade.provider_trade_no}",
        )
        record(
            "payment.succeed",
            obj=intent,
            before={"state": before},
            after={"state": intent.state, "trade_no": payment.provider_trade_no},
        )
        publish("payment.succeeded", {"number": intent.number})
    return True


def amount_agrees(intent: PaymentIntent, trade: GatewayTrade) -> bool:
    return trade.amount == intent.amount


def check(*, number: str, at: datetime) -> str:
    """Asks the provider what became of an open payment; closes it when its time is over.

    Returns the intent's state. While it stays open, the next check is put into the outbox.
    """
    intent = PaymentIntent.objects.select_related("account").get(number=number)
    if intent.state != IntentState.OPEN:
        return intent.state
    gateway = gateway_for(intent.account)
    try:
        trade = gateway.query(number=number, ref=intent.provider_ref)
        if trade.state is TradeState.PAID:
            return _paid(intent, trade, at)
        if at >= intent.expires_at:
            gateway.close(number=number, ref=intent.provider_ref)
            return _close(number, at)
    except TradeAlreadyPaid:
        log.info("payment.paid_while_closing", number=number)
    except ProviderError as error:
        log.warning("payment.check_failed", number=number, error=error.detail)
    except DomainError as error:  # paid, and our books refuse it: ask again until they are mended
        log.error("payment.cannot_book", number=number, code=error.code)
    _check_again(intent, at)
    return intent.state


def give_up(*, number: str, at: datetime) -> str:
    """Closes a payment that is no longer wanted at its provider; returns its state. Safe to repeat.

    SUCCEEDED where the buyer was quicker. One that the provider does not know yet can still be
    opened and paid: it stays open, and is asked about until its time is over.
    """
    intent = PaymentIntent.objects.select_related("account").get(number=number)
    if intent.state != IntentState.OPEN:
        return intent.state
    try:
        closed = gateway_for(intent.account).close(number=number, ref=intent.provider_ref)
    except TradeAlreadyPaid:
        return check(number=number, at=at)
    except ProviderError as error:
        log.warning("payment.not_closed", number=number, error=error.detail)
        return intent.state
    return _close(number, at) if closed is TradeState.CLOSED else intent.state


def _paid(intent: PaymentIntent, trade: GatewayTrade, at: datetime) -> str:
    if not amount_agrees(intent, trade):
        log.error("payment.amount_differs", number=intent.number, provider=str(trade.amount))
        _check_again(intent, at)
        return intent.state
    succeed(number=intent.number, trade=trade, at=at)
    return IntentState.SUCCEEDED


def _close(number: str, at: datetime) -> str:
    with transaction.atomic():
        intent = PaymentIntent.objects.select_for_update().get(number=number)
        if intent.state == IntentState.OPEN:
            intent.state = IntentState.CLOSED
            intent.closed_at = at
            intent.save(update_fields=["state", "closed_at"])
            record("payment.close", obj=intent, before={"state": "OPEN"}, after={"state": "CLOSED"})
        return intent.state


def _check_again(intent: PaymentIntent, at: datetime) -> None:
    """The older the payment, the rarer the question: a quarter of its age, 5 s to 5 min."""
    pause = min(max((at - intent.created_at) / 4, timedelta(seconds=5)), timedelta(minutes=5))
    with transaction.atomic():
        publish("payment.check", {"number": intent.number}, not_before=at + pause)
