"""Alipay's word: a form, signed with RSA and SHA-256 over its sorted fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from shared_apps.kernel.money import DEFAULT_CURRENCY, Money

from . import alipay_keys
from .base import NoticeKind, Notification, NotificationRefused, Refusal, TradeState

LARGEST_NOTICE = 32 * 1024
STATES = {
    "WAIT_BUYER_PAY": TradeState.WAITING,
    "TRADE_SUCCESS": TradeState.PAID,
    "TRADE_FINISHED": TradeState.PAID,
    "TRADE_CLOSED": TradeState.CLOSED,
}
_NEEDED = (
    "notify_id",
    "app_id",
    "seller_id",
    "out_trade_no",
    "trade_no",
    "trade_status",
    "total_amount",
)


@dataclass(frozen=True, slots=True)
class AlipayAccount:
    """One merchant's account. Keys are PEM or the one-line base64 that Alipay shows."""

    app_id: str
    seller_id: str
    private_key: str = field(repr=False)
    alipay_public_key: str
    gateway_url: str


def claims(raw_body: bytes) -> dict[str, str]:
    """What a notification says of itself, unproved: for routing and for the log, nothing else."""
    try:
        pairs = parse_qsl(
            raw_body.decode("utf-8"), keep_blank_values=True, strict_parsing=True, errors="strict"
        )
    except ValueError:
        return {}
    return dict(pairs)


def read(account: AlipayAccount, *, raw_body: bytes) -> Notification:
    """Raises NotificationRefused unless Alipay's key signed it, for this very account."""
    fields = _proved(account, raw_body)
    for name, ours, reason in (
        ("app_id", account.app_id, Refusal.FOREIGN_APP),
        ("seller_id", account.seller_id, Refusal.FOREIGN_SELLER),
    ):
        if fields[name] != ours:
            raise NotificationRefused(reason=reason, detail=f"{name} {fields[name]}")
    currency = fields.get("trans_currency") or DEFAULT_CURRENCY
    if currency != DEFAULT_CURRENCY:
        raise NotificationRefused(reason=Refusal.FOREIGN_CURRENCY, detail=currency)
    state = STATES.get(fields["trade_status"])
    try:
        amount = Money.of(fields["total_amount"])
        refunded = Money.of(fields["refund_fee"]) if fields.get("refund_fee") else None
    except ValueError as error:
        raise NotificationRefused(reason=Refusal.MALFORMED, detail=str(error)) from error
    if state is None:
        raise NotificationRefused(reason=Refusal.MALFORMED, detail=fields["trade_status"])
    return Notification(
        event_id=fields["notify_id"],
        kind=_kind(state, fields),
        number=fields["out_trade_no"],
        amount=amount,
        provider_trade_no=fields["trade_no"],
        app_id=fields["app_id"],
        seller_id=fields["seller_id"],
        occurred_at=alipay_keys.china_moment(
            fields.get("gmt_refund") or fields.get("gmt_payment") or ""
        ),
        refund_request_no=fields.get("out_biz_no", "") if "gmt_refund" in fields else "",
        refunded_total=refunded,
        fields=fields,
    )


def _proved(account: AlipayAccount, raw_body: bytes) -> dict[str, str]:
    """The fields of a body that Alipay's key has signed with SHA-256, each named once."""
    if len(raw_body) > LARGEST_NOTICE:
        raise NotificationRefused(reason=Refusal.MALFORMED, detail="too large")
    fields = claims(raw_body)
    if not fields or raw_body.count(b"&") + 1 != len(fields):
        raise NotificationRefused(reason=Refusal.MALFORMED, detail="not a form, or a key twice")
    signature = fields.get("sign", "")
    if not signature:
        raise NotificationRefused(reason=Refusal.UNSIGNED)
    text = "&".join(
        f"{key}={fields[key]}" for key in sorted(fields) if key not in ("sign", "sign_type")
    ).encode()
    key = account.alipay_public_key
    if fields.get("sign_type") != "RSA2":
        raise NotificationRefused(
            reason=Refusal.WEAK_SIGNATURE, detail=f"sign_type {fields.get('sign_type')}"
        )
    if not alipay_keys.signed_by(key, text, signature):
        weak = alipay_keys.signed_weakly_by(key, text, signature)
        reason = Refusal.WEAK_SIGNATURE if weak else Refusal.BAD_SIGNATURE
        raise NotificationRefused(reason=reason, detail="SHA-1" if weak else "")
    missing = [name for name in _NEEDED if not fields.get(name)]
    if missing:
        raise NotificationRefused(reason=Refusal.MALFORMED, detail=f"lacks {missing}")
    return fields


def _kind(state: TradeState, fields: Mapping[str, str]) -> NoticeKind:
    """A refund comes as the trade's own status beside the facts of the refund."""
    if fields.get("gmt_refund"):
        return NoticeKind.REFUND
    return {
        TradeState.WAITING: NoticeKind.WAITING,
        TradeState.PAID: NoticeKind.PAYMENT,
    }.get(state, NoticeKind.CLOSED)
