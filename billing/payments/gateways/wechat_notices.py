"""WeChat Pay's word: signed over the raw body, with the facts sealed inside under the APIv3 key."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared_apps.kernel.money import DEFAULT_CURRENCY, Money

from . import wechat_sdk
from .base import NoticeKind, Notification, NotificationRefused, Refusal

LARGEST_NOTICE = 32 * 1024

_KINDS = {
    "TRANSACTION.SUCCESS": NoticeKind.PAYMENT,
    "REFUND.SUCCESS": NoticeKind.REFUND,
    "REFUND.ABNORMAL": NoticeKind.REFUND,
    "REFUND.CLOSED": NoticeKind.REFUND,
}


@dataclass(frozen=True, slots=True)
class WechatAccount:
    """One merchant's account. Keys are PEM; `serial_no` is of the merchant's own certificate."""

    appid: str
    mchid: str
    serial_no: str
    private_key: str = field(repr=False)
    api_v3_key: str = field(repr=False)
    public_key: str
    public_key_id: str
    gateway_url: str


def read(
    account: WechatAccount,
    verifier: wechat_sdk.Verifier,
    *,
    raw_body: bytes,
    headers: Mapping[str, str],
    at: datetime,
) -> Notification:
    """Proves the raw body first, then opens what is inside. Raises NotificationRefused."""
    if len(raw_body) > LARGEST_NOTICE:
        raise NotificationRefused(reason=Refusal.MALFORMED, detail="too large")
    try:
        verifier.check(headers, raw_body, at=at)
    except wechat_sdk.NotSigned as error:
        raise NotificationRefused(reason=Refusal(error.reason), detail=error.detail) from error
    try:
        envelope = json.loads(raw_body)
        event_id, kind = str(envelope["id"]), _KINDS[envelope["event_type"]]
        facts = _opened(account, envelope["resource"])
        amount = facts["amount"]
        currency = amount.get("currency", DEFAULT_CURRENCY)
        notice = Notification(
            event_id=event_id,
            kind=kind,
            number=str(facts["out_trade_no"]),
            amount=Money(amount["total"], currency),
            provider_trade_no=str(facts["transaction_id"]),
            # A refund is told without the appid.
            app_id=str(facts.get("appid", account.appid)),
            seller_id=str(facts["mchid"]),
            occurred_at=moment(facts.get("success_time")),
            refund_request_no=str(facts.get("out_refund_no", "")),
            fields={key: str(value) for key, value in facts.items()},
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise NotificationRefused(reason=Refusal.MALFORMED, detail=repr(error)[:200]) from error
    _check(account, notice, facts)
    return notice


def _check(account: WechatAccount, notice: Notification, facts: Mapping[str, Any]) -> None:
    if not notice.event_id or not notice.number:
        raise NotificationRefused(reason=Refusal.MALFORMED, detail="no id, or no number")
    if notice.app_id != account.appid:
        raise NotificationRefused(reason=Refusal.FOREIGN_APP, detail=notice.app_id[:64])
    if notice.seller_id != account.mchid:
        raise NotificationRefused(reason=Refusal.FOREIGN_SELLER, detail=notice.seller_id[:64])
    if notice.amount.currency != DEFAULT_CURRENCY:
        raise NotificationRefused(
            reason=Refusal.FOREIGN_CURRENCY, detail=notice.amount.currency[:8]
        )
    if notice.kind is NoticeKind.PAYMENT and facts.get("trade_state") != "SUCCESS":
        raise NotificationRefused(
            reason=Refusal.MALFORMED, detail=str(facts.get("trade_state"))[:40]
        )


def _opened(account: WechatAccount, resource: Mapping[str, Any]) -> dict[str, Any]:
    """The facts inside, which only the holder of the APIv3 key can have written."""
    if resource["algorithm"] != "AEAD_AES_256_GCM":
        raise NotificationRefused(reason=Refusal.WEAK_SIGNATURE, detail="algorithm")
    try:
        plain = AESGCM(account.api_v3_key.encode()).decrypt(
            str(resource["nonce"]).encode(),
            base64.b64decode(resource["ciphertext"], validate=True),
            str(resource.get("associated_data") or "").encode(),
        )
    except (InvalidTag, binascii.Error) as error:
        raise NotificationRefused(reason=Refusal.UNREADABLE) from error
    facts: dict[str, Any] = json.loads(plain)
    return facts


def moment(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text)) if text else None
    except ValueError:
        return None
