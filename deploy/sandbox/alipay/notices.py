"""Building and queueing the provider's notifications, honest ones and others."""

from __future__ import annotations

import http.client
import secrets
import sqlite3
import time
from collections.abc import Mapping
from functools import cache
from urllib.parse import urlencode

from sandbox import faults
from sandbox.courier import Side, enqueue
from sandbox.moments import china_text

from . import merchants, signing
from .amounts import yuan

CONTENT_TYPE = "application/x-www-form-urlencoded; charset=utf-8"
SIGNATURES = ("good", "forged", "altered", "unsigned", "sha1", "sha1_as_rsa2")
_UNSIGNED_KEYS = ("sign", "sign_type")
_NOTIFY_FAULTS = (
    "notify_late",
    "notify_twice",
    "notify_reordered",
    "notify_silent",
    "notify_forged",
    "notify_altered",
    "notify_unsigned",
    "notify_sha1",
    "notify_sha1_as_rsa2",
    "notify_wrong_amount",
    "notify_foreign_merchant",
    "notify_unknown_order",
)


@cache
def _stranger() -> str:
    """The private key of somebody else, made once, for forgeries."""
    return signing.new_key_pair()[0]


def fields(
    trade: sqlite3.Row, seller_id: str, *, event: str, request_no: str = ""
) -> dict[str, str]:
    """The parameters of one notification about the trade as it stands, still unsigned."""
    now = time.time()
    result = {
        "notify_id": china_text(now)[:10].replace("-", "") + secrets.token_hex(13),
        "notify_type": "trade_status_sync",
        "notify_time": china_text(now),
        "charset": "utf-8",
        "version": "1.0",
        "app_id": trade["app_id"],
        "auth_app_id": trade["app_id"],
        "seller_id": seller_id,
        "buyer_id": "2088622987654321",
        "out_trade_no": trade["out_trade_no"],
        "trade_no": trade["trade_no"],
        "trade_status": "WAIT_BUYER_PAY" if event == "created" else trade["status"],
        "subject": trade["subject"],
        "total_amount": yuan(trade["total_fen"]),
        "gmt_create": china_text(trade["created_at"]),
    }
    if event != "created" and trade["paid_at"] is not None:
        total = yuan(trade["total_fen"])
        result |= {
            "gmt_payment": china_text(trade["paid_at"]),
            "receipt_amount": total,
            "buyer_pay_amount": total,
            "invoice_amount": total,
            "point_amount": "0.00",
            "fund_bill_list": '[{"amount":"' + total + '","fundChannel":"ALIPAYACCOUNT"}]',
        }
    if event == "refunded":
        result |= {
            "gmt_refund": china_text(now) + ".000",
            "refund_fee": yuan(trade["refunded_fen"]),
            "out_biz_no": request_no,
        }
    if trade["closed_at"] is not None and event in ("closed", "refunded"):
        result["gmt_close"] = china_text(trade["closed_at"])
    return result


def signed_body(params: Mapping[str, str], private_key: str, *, signature: str = "good") -> str:
    """The form body as it goes over the wire, signed as asked (see SIGNATURES)."""
    text = signing.content(params, without=_UNSIGNED_KEYS)
    key = _stranger() if signature == "forged" else private_key
    sha1 = signature in ("sha1", "sha1_as_rsa2")
    complete = dict(params)
    complete["sign_type"] = "RSA" if signature == "sha1" else "RSA2"
    if signature != "unsigned":
        complete["sign"] = signing.sign(key, text, sha1=sha1)
    if signature == "altered":
        complete["total_amount"] = "0.01" if params["total_amount"] != "0.01" else "0.02"
    return urlencode(complete)


def queue(db: sqlite3.Connection, trade: sqlite3.Row, *, event: str, request_no: str = "") -> None:
    """Puts the notification of an event on the queue, or what an armed fault makes of it."""
    if not trade["notify_url"]:
        return
    merchant = merchants.known_merchant(db, trade["app_id"])
    fault = faults.take_in(
        db,
        "alipay",
        *_NOTIFY_FAULTS,
        app_id=trade["app_id"],
        out_trade_no=trade["out_trade_no"],
        event=event,
    )
    name = fault.name if fault else ""
    if name == "notify_silent":
        return
    params = fields(trade, merchant["seller_id"], event=event, request_no=request_no)
    key = merchant["alipay_private_key"]
    signature, copies, delay, retry = "good", 1, 0.0, True
    if fault is not None and name == "notify_late":
        delay = fault.seconds
    elif fault is not None and name == "notify_twice":
        copies = int(fault.params.get("copies", 2))
    elif name == "notify_reordered":
        stale = fields(trade, merchant["seller_id"], event="created")
        stale["notify_time"] = china_text(trade["created_at"])
        _enqueue(db, trade, stale, signed_body(stale, key), note=name, delay=0.5)
    elif fault is not None and name:
        retry = False
        if name == "notify_wrong_amount":
            params["total_amount"] = str(fault.params.get("amount", "0.01"))
        elif name == "notify_foreign_merchant":
            params |= {"seller_id": "2088000000000001", "app_id": "2021000000000001"}
        elif name == "notify_unknown_order":
            params["out_trade_no"] = "UNKNOWN" + secrets.token_hex(6).upper()
        else:
            signature = name.removeprefix("notify_")
    body = signed_body(params, key, signature=signature)
    for _ in range(copies):
        _enqueue(db, trade, params, body, note=name, delay=delay, retry=retry)


def _enqueue(
    db: sqlite3.Connection,
    trade: sqlite3.Row,
    params: Mapping[str, str],
    body: str,
    *,
    note: str,
    delay: float,
    retry: bool = True,
) -> None:
    enqueue(
        db,
        provider="alipay",
        account=trade["app_id"],
        event_id=params["notify_id"],
        number=trade["out_trade_no"],
        url=trade["notify_url"],
        body=body,
        note=note,
        delay=delay,
        retry=retry,
    )


def headers(_db: sqlite3.Connection, _row: sqlite3.Row) -> Mapping[str, str]:
    """The signature stands in the body."""
    return {"Content-Type": CONTENT_TYPE, "User-Agent": "Mozilla/4.0"}


def accepted(status: int, answer: str) -> bool:
    return status == http.client.OK and answer.strip() == "success"


def _lapse_all(db: sqlite3.Connection) -> int:
    from . import trades

    return trades.lapse_all(db)


def _idle(db: sqlite3.Connection) -> bool:
    return not db.execute(
        "SELECT 1 FROM trade WHERE status = 'WAIT_BUYER_PAY' AND expires_at <= ? LIMIT 1",
        (time.time(),),
    ).fetchone()


SIDE = Side(headers=headers, accepted=accepted, lapse_all=_lapse_all, idle=_idle)
