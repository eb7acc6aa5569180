"""Stripe's word: an event whose raw body is signed, with the time, under the endpoint's own secret."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import stripe
from requests.structures import CaseInsensitiveDict

from shared_apps.kernel.money import Money

from .base import NoticeKind, Notification, NotificationRefused, Refusal

LARGEST_NOTICE = 128 * 1024
TOLERANCE_SECONDS = 300

_KINDS = {
    "checkout.session.completed": NoticeKind.PAYMENT,
    "checkout.session.async_payment_succeeded": NoticeKind.PAYMENT,
    "checkout.session.expired": NoticeKind.CLOSED,
    "refund.created": NoticeKind.REFUND,
    "refund.updated": NoticeKind.REFUND,
    "refund.failed": NoticeKind.REFUND,
}


@dataclass(frozen=True, slots=True)
class StripeAccount:
    """One account, with the secret of the one webhook endpoint that tells us of it."""

    account: str
    secret_key: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    api_url: str


def read(account: StripeAccount, *, raw_body: bytes, headers: Mapping[str, str]) -> Notification:
    """Proves the raw body first. Raises NotificationRefused; what is not of payments is OTHER."""
    _prove(account, raw_body, str(CaseInsensitiveDict(headers).get("Stripe-Signature", "")))
    try:
        event = json.loads(raw_body)
        event_id, kind = str(event["id"]), _KINDS.get(str(event["type"]), NoticeKind.OTHER)
        foreign = str(event.get("account") or account.account)
        if foreign != account.account:
            raise NotificationRefused(reason=Refusal.FOREIGN_APP, detail=foreign[:64])
        facts = event["data"]["object"]
        notice = _notice(account, kind, event_id, facts, int(event["created"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise NotificationRefused(reason=Refusal.MALFORMED, detail=repr(error)[:200]) from error
    if not notice.event_id or not (notice.number or notice.kind is NoticeKind.OTHER):
        raise NotificationRefused(reason=Refusal.MALFORMED, detail="no id, or no number")
    return notice


def _prove(account: StripeAccount, raw_body: bytes, signature: str) -> None:
    if len(raw_body) > LARGEST_NOTICE:
        raise NotificationRefused(reason=Refusal.MALFORMED, detail="too large")
    if not signature:
        raise NotificationRefused(reason=Refusal.UNSIGNED)
    if ",v1=" not in f",{signature}":
        raise NotificationRefused(reason=Refusal.WEAK_SIGNATURE, detail="no v1")
    try:
        stripe.Webhook.construct_event(
            raw_body, signature, account.webhook_secret, TOLERANCE_SECONDS
        )
    except stripe.SignatureVerificationError as error:
        stale = "tolerance" in str(error)
        raise NotificationRefused(
            reason=Refusal.STALE if stale else Refusal.BAD_SIGNATURE, detail=str(error)[:100]
        ) from error
    except (ValueError, TypeError, AttributeError) as error:
        raise NotificationRefused(reason=Refusal.MALFORMED, detail=repr(error)[:200]) from error


def _notice(
    account: StripeAccount,
    kind: NoticeKind,
    event_id: str,
    facts: Mapping[str, Any],
    created: int,
) -> Notification:
    number = provider_trade_no = request_no = ""
    amount = Money.zero()
    if kind is NoticeKind.REFUND:
        told = facts["metadata"]
        number, request_no = str(told["number"]), str(told["request_no"])
        amount = Money(int(told["total"]), str(facts["currency"]).upper())
        provider_trade_no = str(facts["payment_intent"])
    elif kind is not NoticeKind.OTHER:
        number = str(facts["client_reference_id"] or "")
        amount = Money(facts["amount_total"], str(facts["currency"]).upper())
        provider_trade_no = str(facts["payment_intent"] or "")
        if kind is NoticeKind.PAYMENT and facts["payment_status"] != "paid":
            kind = NoticeKind.WAITING  # a slow way of paying: the money is still on its way
    return Notification(
        event_id=event_id,
        kind=kind,
        number=number,
        amount=amount,
        provider_trade_no=provider_trade_no,
        app_id=account.account,
        seller_id=account.account,
        occurred_at=datetime.fromtimestamp(created, UTC),
        refund_request_no=request_no,
        fields={key: str(value) for key, value in facts.items()},
    )
