"""The provider's own record of trades and refunds: what is paid stays paid, refunds never exceed it."""

from __future__ import annotations

import secrets
import sqlite3
import time
from dataclasses import dataclass

from sandbox.moments import china_moment, span_seconds

from . import notices

WAITING, PAID, CLOSED = "WAIT_BUYER_PAY", "TRADE_SUCCESS", "TRADE_CLOSED"
DEFAULT_SECONDS = 15 * 86400.0


class Refused(Exception):
    """A business refusal, as the provider words it."""

    def __init__(self, sub_code: str, sub_msg: str, *, code: str = "40004") -> None:
        super().__init__(sub_code)
        self.code = code
        self.sub_code = sub_code
        self.sub_msg = sub_msg


@dataclass(frozen=True, slots=True)
class NewTrade:
    app_id: str
    out_trade_no: str
    subject: str
    total_fen: int
    kind: str
    notify_url: str
    return_url: str
    expires_at: float


def expiry(*, timeout_express: str, time_expire: str, now: float) -> float:
    try:
        if time_expire:
            return china_moment(time_expire)
        if timeout_express:
            return now + span_seconds(timeout_express, now=now)
    except ValueError:
        raise Refused("ACQ.INVALID_PARAMETER", "参数无效：超时时间") from None
    return now + DEFAULT_SECONDS


def find(
    db: sqlite3.Connection, *, app_id: str, out_trade_no: str = "", trade_no: str = ""
) -> sqlite3.Row | None:
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM trade WHERE app_id = ? AND iif(? <> '', trade_no = ?, out_trade_no = ?)",
        (app_id, trade_no, trade_no, out_trade_no),
    ).fetchone()
    return row


def by_trade_no(db: sqlite3.Connection, trade_no: str) -> sqlite3.Row | None:
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM trade WHERE trade_no = ?", (trade_no,)
    ).fetchone()
    return row


def existing(db: sqlite3.Connection, trade_no: str) -> sqlite3.Row:
    row = by_trade_no(db, trade_no)
    if row is None:
        raise LookupError(trade_no)
    return row


def create(db: sqlite3.Connection, new: NewTrade) -> sqlite3.Row:
    """The same order again is the same trade; with another amount it is refused."""
    now = time.time()
    known = find(db, app_id=new.app_id, out_trade_no=new.out_trade_no)
    if known is not None:
        known = lapse(db, known, now)
        if known["status"] == PAID:
            raise Refused("ACQ.TRADE_HAS_SUCCESS", "交易已被支付")
        if known["status"] == CLOSED:
            raise Refused("ACQ.TRADE_HAS_CLOSE", "交易已经关闭")
        if known["total_fen"] != new.total_fen:
            raise Refused("ACQ.CONTEXT_INCONSISTENT", "交易信息被篡改")
        return known
    if new.expires_at <= now:
        raise Refused("ACQ.INVALID_PARAMETER", "参数无效：超时时间已过")
    day = time.strftime("%Y%m%d", time.gmtime(now + 8 * 3600))
    trade_no = f"{day}2200{secrets.randbelow(10**16):016d}"
    db.execute(
        "INSERT INTO trade (trade_no, app_id, out_trade_no, subject, total_fen, status, kind,"
        " notify_url, return_url, created_at, expires_at) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
        (
            trade_no,
            new.app_id,
            new.out_trade_no,
            new.subject,
            new.total_fen,
            WAITING,
            new.kind,
            new.notify_url,
            new.return_url,
            now,
            new.expires_at,
        ),
    )
    row = existing(db, trade_no)
    return row


def open_cashier(db: sqlite3.Connection, trade: sqlite3.Row) -> None:
    """Until the buyer has looked, the trade does not exist for the merchant, as at the real one."""
    db.execute(
        "UPDATE trade SET opened_at = coalesce(opened_at, ?) WHERE trade_no = ?",
        (time.time(), trade["trade_no"]),
    )


def lapse(db: sqlite3.Connection, trade: sqlite3.Row, now: float) -> sqlite3.Row:
    """Closes the trade if its time is over, and tells the merchant if the buyer had opened it."""
    if trade["status"] != WAITING or trade["expires_at"] > now:
        return trade
    return _shut(db, trade, now)


def _shut(db: sqlite3.Connection, trade: sqlite3.Row, now: float) -> sqlite3.Row:
    db.execute(
        "UPDATE trade SET status = ?, closed_at = ? WHERE trade_no = ?",
        (CLOSED, now, trade["trade_no"]),
    )
    row = existing(db, trade["trade_no"])
    if row["opened_at"] is not None:
        notices.queue(db, row, event="closed")
    return row


def pay(db: sqlite3.Connection, trade: sqlite3.Row) -> sqlite3.Row:
    """The buyer pays the whole amount; paying again changes nothing and notifies nobody."""
    now = time.time()
    open_cashier(db, trade)
    trade = lapse(db, trade, now)
    if trade["status"] == PAID:
        return trade
    if trade["status"] == CLOSED:
        raise Refused("ACQ.TRADE_HAS_CLOSE", "交易已经关闭")
    db.execute(
        "UPDATE trade SET status = ?, paid_at = ? WHERE trade_no = ?",
        (PAID, now, trade["trade_no"]),
    )
    row = existing(db, trade["trade_no"])
    notices.queue(db, row, event="paid")
    return row


def close(db: sqlite3.Connection, trade: sqlite3.Row) -> sqlite3.Row:
    now = time.time()
    trade = lapse(db, trade, now)
    if trade["status"] == PAID:
        raise Refused("ACQ.TRADE_STATUS_ERROR", "交易状态不合法")
    if trade["status"] == CLOSED:
        if trade["paid_at"] is not None:
            raise Refused("ACQ.TRADE_STATUS_ERROR", "交易状态不合法")
        return trade
    return _shut(db, trade, now)


def refund(
    db: sqlite3.Connection, trade: sqlite3.Row, *, amount: int, request_no: str, reason: str
) -> tuple[sqlite3.Row, bool]:
    """Refunds once per request number. Returns the trade and whether money moved this time."""
    known = find_refund(db, trade, request_no)
    if known is not None:
        if known["amount_fen"] != amount:
            raise Refused("ACQ.DISCORDANT_REPEAT_REQUEST", "请求信息不一致")
        return trade, False
    if trade["status"] != PAID:
        raise Refused("ACQ.TRADE_NOT_ALLOW_REFUND", "当前交易不允许退款")
    if trade["refunded_fen"] + amount > trade["total_fen"]:
        raise Refused("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", "退款金额超限")
    now = time.time()
    db.execute(
        "INSERT INTO refund VALUES (?, ?, ?, ?, ?)",
        (trade["trade_no"], request_no, amount, reason, now),
    )
    db.execute(
        "UPDATE trade SET refunded_fen = refunded_fen + ?,"
        " status = CASE WHEN refunded_fen + ? = total_fen THEN 'TRADE_CLOSED' ELSE status END,"
        " closed_at = CASE WHEN refunded_fen + ? = total_fen THEN ? ELSE closed_at END"
        " WHERE trade_no = ?",
        (amount, amount, amount, now, trade["trade_no"]),
    )
    row = existing(db, trade["trade_no"])
    notices.queue(db, row, event="refunded", request_no=request_no)
    return row, True


def find_refund(db: sqlite3.Connection, trade: sqlite3.Row, request_no: str) -> sqlite3.Row | None:
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM refund WHERE trade_no = ? AND out_request_no = ?",
        (trade["trade_no"], request_no),
    ).fetchone()
    return row


def lapse_all(db: sqlite3.Connection) -> int:
    now = time.time()
    due = db.execute(
        "SELECT * FROM trade WHERE status = ? AND expires_at <= ?", (WAITING, now)
    ).fetchall()
    for trade in due:
        lapse(db, trade, now)
    return len(due)
