"""Building, queueing and delivering the provider's notifications, honest ones and others."""

from __future__ import annotations

import http.client
import logging
import secrets
import sqlite3
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from urllib.parse import urlencode, urlsplit

from sandbox import faults
from sandbox.moments import china_text
from sandbox.world import World

from . import merchants, signing
from .amounts import yuan

log = logging.getLogger(__name__)

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
        _insert(db, trade, stale, signed_body(stale, key), note=name, delay=0.5)
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
        _insert(db, trade, params, body, note=name, delay=delay, retry=retry)


def _insert(
    db: sqlite3.Connection,
    trade: sqlite3.Row,
    params: Mapping[str, str],
    body: str,
    *,
    note: str,
    delay: float,
    retry: bool = True,
) -> None:
    now = time.time()
    db.execute(
        "INSERT INTO notice (notify_id, out_trade_no, url, body, note, state, retry, due_at,"
        " created_at) VALUES (?, ?, ?, ?, ?, 'WAITING', ?, ?, ?)",
        (
            params["notify_id"],
            trade["out_trade_no"],
            trade["notify_url"],
            body,
            note,
            retry,
            now + delay,
            now,
        ),
    )


def deliver(url: str, body: str, *, timeout: float = 10) -> tuple[int, str]:
    """Posts the form; *.localhost goes to the loopback address with its own Host header.

    Returns status 0 and the error's text when nobody answered.
    """
    target = urlsplit(url)
    host = target.hostname or ""
    address = "127.0.0.1" if host == "localhost" or host.endswith(".localhost") else host
    secure = target.scheme == "https"
    connect = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = connect(address, target.port or (443 if secure else 80), timeout=timeout)
    path = (target.path or "/") + (f"?{target.query}" if target.query else "")
    headers = {"Host": target.netloc, "Content-Type": CONTENT_TYPE, "User-Agent": "Mozilla/4.0"}
    try:
        connection.request("POST", path, body=body.encode(), headers=headers)
        response = connection.getresponse()
        return response.status, response.read(2000).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        return 0, f"{type(error).__name__}: {error}"
    finally:
        connection.close()


def accepted(status: int, answer: str) -> bool:
    return status == http.client.OK and answer.strip() == "success"


class Courier(threading.Thread):
    """Delivers due notices, again and again with growing pauses, until the merchant says success."""

    def __init__(self, world: World) -> None:
        super().__init__(name="courier", daemon=True)
        self._world = world
        self._stopping = threading.Event()
        self._pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="courier")
        with world.store.write() as db:
            db.execute("UPDATE notice SET state = 'WAITING' WHERE state = 'SENDING'")

    def stop(self) -> None:
        self._stopping.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def run(self) -> None:
        from . import trades

        while not self._stopping.wait(0.1):
            try:
                with self._world.store.read() as db:
                    now = time.time()
                    idle = not db.execute(
                        "SELECT 1 FROM notice WHERE state = 'WAITING' AND due_at <= ?"
                        " UNION ALL SELECT 1 FROM trade WHERE status = ? AND expires_at <= ?"
                        " LIMIT 1",
                        (now, trades.WAITING, now),
                    ).fetchone()
                if idle:
                    continue
                with self._world.store.write() as db:
                    trades.lapse_all(db)
                    due = db.execute(
                        "UPDATE notice SET state = 'SENDING', attempts = attempts + 1"
                        " WHERE state = 'WAITING' AND due_at <= ? RETURNING *",
                        (time.time(),),
                    ).fetchall()
                for row in due:
                    self._pool.submit(self._send, row)
            except sqlite3.Error:
                log.exception("courier")

    def _send(self, row: sqlite3.Row) -> None:
        status, answer = deliver(row["url"], row["body"])
        pauses = self._world.config.notify_backoff
        if accepted(status, answer):
            state, due_at = "DELIVERED", row["due_at"]
        elif row["retry"] and row["attempts"] <= len(pauses):
            state, due_at = "WAITING", time.time() + pauses[row["attempts"] - 1]
        else:
            state, due_at = "GIVEN_UP", row["due_at"]
        log.info("notice %s to %s: %s %s", row["notify_id"], row["url"], status, answer[:80])
        with self._world.store.write() as db:
            db.execute(
                "UPDATE notice SET state = ?, due_at = ?, answer = ? WHERE id = ?",
                (state, due_at, f"{status} {answer[:500]}", row["id"]),
            )
