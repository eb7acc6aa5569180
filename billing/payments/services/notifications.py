"""Receiving a provider's word: verify the raw body first, keep it always, move money at most once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import transaction

from billing.payments.accounts import gateway_for
from billing.payments.enums import EventState
from billing.payments.gateways.base import (
    Gateway,
    GatewayTrade,
    NoticeKind,
    Notification,
    NotificationRefused,
    Reply,
    TradeState,
)
from billing.payments.models import MerchantAccount, PaymentIntent, ProviderEvent
from shared_apps.audit.services import record
from shared_apps.kernel.context import actor
from shared_apps.kernel.errors import DomainError

from . import intents

log = structlog.get_logger(__name__)

MOST_KEPT_UNPROVED = 4096  # bytes of a body that nobody has signed


@dataclass(frozen=True, slots=True)
class Answer:
    """What to tell the provider: `accepted` stops it from sending again."""

    accepted: bool
    reply: Reply


def receive(
    *, provider: str, claimed_app_id: str, body: bytes, headers: Mapping[str, str], at: datetime
) -> Answer:
    """Verifies and applies one notification. Safe to repeat, in any order and number at once.

    What is refused is kept with the reason, and nothing moves.
    """
    account = MerchantAccount.objects.filter(provider=provider, app_id=claimed_app_id).first()
    if account is None:
        _keep(provider, claimed_app_id, body, EventState.REFUSED, "FOREIGN_APP")
        return Answer(accepted=False, reply=Reply("fail", status=400))
    gateway = gateway_for(account)
    try:
        notice = gateway.verify_notification(raw_body=body, headers=headers)
    except NotificationRefused as refused:
        _keep(
            provider,
            claimed_app_id,
            body,
            EventState.REFUSED,
            f"{refused.reason}: {refused.detail}",
        )
        return Answer(accepted=False, reply=gateway.refused_answer)
    return _apply(account, gateway, notice, body, at)


def _apply(
    account: MerchantAccount, gateway: Gateway, notice: Notification, body: bytes, at: datetime
) -> Answer:
    refused = Answer(accepted=False, reply=gateway.refused_answer)
    accepted = Answer(accepted=True, reply=gateway.accepted_answer)
    if notice.kind is NoticeKind.OTHER:
        _keep(account.provider, account.app_id, body, EventState.IGNORED, notice.kind.value, notice)
        return accepted
    intent = PaymentIntent.objects.filter(number=notice.number, account=account).first()
    if intent is None:
        _keep(account.provider, account.app_id, body, EventState.REFUSED, "UNKNOWN_ORDER", notice)
        return refused
    if notice.kind is not NoticeKind.PAYMENT:
        _keep(account.provider, account.app_id, body, EventState.IGNORED, notice.kind.value, notice)
        return accepted
    trade = GatewayTrade(
        number=notice.number,
        state=TradeState.PAID,
        amount=notice.amount,
        provider_trade_no=notice.provider_trade_no,
        paid_at=notice.occurred_at,
    )
    if not intents.amount_agrees(intent, trade):
        reason = f"WRONG_AMOUNT: {notice.amount} for {intent.amount}"
        _keep(account.provider, account.app_id, body, EventState.REFUSED, reason, notice)
        return refused
    try:
        with transaction.atomic():
            _keep(account.provider, account.app_id, body, EventState.ACCEPTED, "", notice)
            intents.succeed(number=notice.number, trade=trade, at=at)
    except DomainError as unbookable:
        # The money is there and our books refuse it: keep the word, and ask for it to be sent again.
        log.error("payment.cannot_book", number=notice.number, code=unbookable.code)
        reason = f"CANNOT_BOOK: {unbookable.code}"
        _keep(account.provider, account.app_id, body, EventState.REFUSED, reason, notice)
        return refused
    return accepted


def _keep(
    provider: str,
    app_id: str,
    body: bytes,
    state: str,
    reason: str,
    notice: Notification | None = None,
) -> None:
    """Stores the raw body once; a repeated one is the same row, and is not audited again."""
    digest = hashlib.sha256(body).hexdigest()
    with transaction.atomic():
        event = ProviderEvent(
            provider=provider,
            app_id=app_id[:64],
            event_id=(notice.event_id if notice else digest)[:128],
            body=body if notice else body[:MOST_KEPT_UNPROVED],
            digest=digest,
            state=state,
            reason=reason[:300],
            number=(notice.number if notice else "")[:64],
            ip=actor().ip,
        )
        ProviderEvent.objects.bulk_create([event], ignore_conflicts=True)
        if state != EventState.REFUSED:
            return
        log.warning("payment.notification_refused", provider=provider, app_id=app_id, reason=reason)
        if ProviderEvent.objects.filter(public_id=event.public_id).exists():
            record("payment.notification_refused", obj=event, after={"reason": reason[:300]})
