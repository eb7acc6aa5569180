"""Building and queueing WeChat Pay's notifications, honest ones and others."""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
from collections.abc import Mapping
from functools import cache
from typing import Any

from sandbox import faults
from sandbox.alipay.signing import new_key_pair
from sandbox.courier import Side, enqueue
from sandbox.moments import rfc3339

from . import merchants, signing

LONG_AGO = 1_000_000_000  # September 2001
HELD_SECONDS = 3600.0
SIGNATURES = (
    "good",
    "forged",
    "altered",
    "unsigned",
    "weak",
    "stale",
    "wrong_serial",
    "unreadable",
)
_FAULTS = (
    "notify_late",
    "notify_twice",
    "notify_reordered",
    "notify_silent",
    "notify_forged",
    "notify_altered",
    "notify_unsigned",
    "notify_weak",
    "notify_stale",
    "notify_wrong_serial",
    "notify_unreadable",
    "notify_wrong_amount",
    "notify_foreign_merchant",
    "notify_unknown_order",
)
_TITLES = {
    "TRANSACTION.SUCCESS": "支付成功",
    "REFUND.SUCCESS": "退款成功",
    "REFUND.ABNORMAL": "退款异常",
    "REFUND.CLOSED": "退款关闭",
}


@cache
def _stranger() -> str:
    """The private key of somebody else, made once, for forgeries."""
    return new_key_pair()[0]


def trade_facts(trade: sqlite3.Row, merchant: sqlite3.Row) -> dict[str, Any]:
    """A trade as WeChat tells of it, in an answer and in a notification alike."""
    facts: dict[str, Any] = {
        "appid": merchant["appid"],
        "mchid": trade["mchid"],
        "out_trade_no": trade["out_trade_no"],
        "trade_state": trade["status"],
        "trade_state_desc": {"NOTPAY": "订单未支付", "CLOSED": "订单已关闭"}.get(
            trade["status"], "支付成功"
        ),
    }
    if trade["paid_at"] is not None:
        facts |= {
            "transaction_id": trade["transaction_id"],
            "trade_type": trade["kind"],
            "bank_type": "OTHERS",
            "attach": "",
            "success_time": rfc3339(trade["paid_at"]),
            "payer": {"openid": trade["openid"] or "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},
            "amount": {
                "total": trade["total_fen"],
                "payer_total": trade["total_fen"],
                "currency": "CNY",
                "payer_currency": "CNY",
            },
        }
    return facts


def refund_facts(refund: sqlite3.Row, trade: sqlite3.Row) -> dict[str, Any]:
    """A refund as a notification tells of it; the answers say `status` where this says more."""
    facts = {
        "mchid": trade["mchid"],
        "out_trade_no": trade["out_trade_no"],
        "transaction_id": trade["transaction_id"],
        "out_refund_no": refund["out_refund_no"],
        "refund_id": refund["refund_id"],
        "refund_status": refund["status"],
        "user_received_account": "支付用户零钱",
        "amount": {
            "total": trade["total_fen"],
            "refund": refund["amount_fen"],
            "payer_total": trade["total_fen"],
            "payer_refund": refund["amount_fen"],
        },
    }
    if refund["success_at"] is not None:
        facts["success_time"] = rfc3339(refund["success_at"])
    return facts


def envelope(
    facts: Mapping[str, Any], api_v3_key: str, *, event_type: str, event_id: str = ""
) -> str:
    original = "refund" if event_type.startswith("REFUND") else "transaction"
    return json.dumps(
        {
            "id": event_id or f"EV-{secrets.token_hex(16)}",
            "create_time": rfc3339(time.time()),
            "resource_type": "encrypt-resource",
            "event_type": event_type,
            "summary": _TITLES[event_type],
            "resource": signing.sealed(facts, api_v3_key, original_type=original),
        },
        ensure_ascii=False,
    )


def wire(merchant: sqlite3.Row, body: str, signature: str) -> dict[str, str]:
    """The headers of one delivery, signed at this moment, as asked (see SIGNATURES)."""
    key = _stranger() if signature == "forged" else merchant["platform_private_key"]
    told = signing.headers(
        key,
        "PUB_KEY_ID_0000000000000000000000000"
        if signature == "wrong_serial"
        else merchant["public_key_id"],
        body.replace("成功", "已成") if signature == "altered" else body,
        stamp=LONG_AGO if signature == "stale" else None,
    )
    if signature == "unsigned":
        del told["Wechatpay-Signature"]
    elif signature == "weak":
        told["Wechatpay-Signature-Type"] = "WECHATPAY2-SHA1-RSA2048"
    return {"Content-Type": "application/json", "User-Agent": "Mozilla/4.0", **told}


def queue(
    db: sqlite3.Connection,
    trade: sqlite3.Row,
    *,
    event_type: str,
    refund: sqlite3.Row | None = None,
) -> None:
    """Puts the notification of an event on the queue, or what an armed fault makes of it."""
    url = trade["notify_url"] if refund is None else refund["notify_url"]
    if not url:
        return
    merchant = merchants.known_merchant(db, trade["mchid"])
    if refund is not None:  # what was held back comes after it
        db.execute(
            "UPDATE notice SET due_at = ? WHERE note = 'notify_reordered' AND state = 'WAITING'"
            " AND provider = 'wechat' AND out_trade_no = ?",
            (time.time() + 0.5, trade["out_trade_no"]),
        )
    fault = faults.take_in(
        db,
        "wechat",
        *_FAULTS,
        mchid=trade["mchid"],
        out_trade_no=trade["out_trade_no"],
        event=event_type,
    )
    name = fault.name if fault else ""
    if name == "notify_silent":
        return
    facts = trade_facts(trade, merchant) if refund is None else refund_facts(refund, trade)
    signature, copies, delay, retry, key = "good", 1, 0.0, True, merchant["api_v3_key"]
    if fault is not None and name == "notify_late":
        delay = fault.seconds
    elif fault is not None and name == "notify_twice":
        copies = int(fault.params.get("copies", 2))
    elif name == "notify_reordered":
        delay = HELD_SECONDS
    elif fault is not None and name:
        retry = False
        if name == "notify_wrong_amount":
            facts["amount"]["total"] = int(fault.params.get("total", 1))
        elif name == "notify_foreign_merchant":
            facts["mchid"] = "1600000000"
        elif name == "notify_unknown_order":
            facts["out_trade_no"] = "UNKNOWN" + secrets.token_hex(6).upper()
        else:
            signature = name.removeprefix("notify_")
    if signature == "unreadable":
        key = secrets.token_hex(16)
    body = envelope(facts, key, event_type=event_type)
    for _ in range(copies):
        enqueue(
            db,
            provider="wechat",
            account=trade["mchid"],
            event_id=json.loads(body)["id"],
            number=trade["out_trade_no"],
            url=url,
            body=body,
            note=name,
            signature=signature,
            delay=delay,
            retry=retry,
        )


def _headers(db: sqlite3.Connection, row: sqlite3.Row) -> Mapping[str, str]:
    return wire(merchants.known_merchant(db, row["account"]), row["body"], row["signature"])


def _accepted(status: int, _answer: str) -> bool:
    return status in (200, 204)


def _lapse_all(db: sqlite3.Connection) -> int:
    from . import trades

    return trades.lapse_all(db)


def _idle(db: sqlite3.Connection) -> bool:
    now = time.time()
    return not db.execute(
        "SELECT 1 FROM wechat_trade WHERE status = 'NOTPAY' AND expires_at <= ?"
        " UNION ALL SELECT 1 FROM wechat_refund WHERE status = 'PROCESSING' AND due_at <= ? LIMIT 1",
        (now, now),
    ).fetchone()


SIDE = Side(headers=_headers, accepted=_accepted, lapse_all=_lapse_all, idle=_idle)
