"""WeChat Pay's own record of trades and refunds: what is paid stays paid, refunds never exceed it."""

from __future__ import annotations

import secrets
import sqlite3
import time
from dataclasses import dataclass

from . import notices

WAITING, PAID, REFUNDED, CLOSED = "NOTPAY", "SUCCESS", "REFUND", "CLOSED"
DEFAULT_SECONDS = 7 * 86400.0


class Refused(Exception):
    """A refusal, as WeChat words it."""

    def __init__(self, word: str, text: str, *, status: int = 400) -> None:
        super().__init__(word)
        self.word = word
        self.text = text
        self.status = status


@dataclass(frozen=True, slots=True)
class NewTrade:
    mchid: str
    out_trade_no: str
    description: str
    total_fen: int
    kind: str
    openid: str
    notify_url: str
    expires_at: float


def _stamp(now: float) -> str:
    return time.strftime("%Y%m%d", time.gmtime(now + 8 * 3600))


def find(db: sqlite3.Connection, mchid: str, out_trade_no: str) -> sqlite3.Row | None:
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM wechat_trade WHERE mchid = ? AND ? IN (out_trade_no, transaction_id)",
        (mchid, out_trade_no),
    ).fetchone()
    return row


def wanted(db: sqlite3.Connection, mchid: str, out_trade_no: str) -> sqlite3.Row:
    row = find(db, mchid, out_trade_no)
    if row is None:
        raise Refused("ORDER_NOT_EXIST", "订单不存在", status=404)
    return lapse(db, row)


def by_token(db: sqlite3.Connection, token: str) -> sqlite3.Row | None:
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM wechat_trade WHERE token = ?", (token,)
    ).fetchone()
    return row


def _again(db: sqlite3.Connection, row: sqlite3.Row) -> sqlite3.Row:
    found: sqlite3.Row = db.execute(
        "SELECT * FROM wechat_trade WHERE transaction_id = ?", (row["transaction_id"],)
    ).fetchone()
    return found


def create(db: sqlite3.Connection, new: NewTrade) -> sqlite3.Row:
    """The same order again is the same trade; with other contents it is refused."""
    now = time.time()
    known = find(db, new.mchid, new.out_trade_no)
    if known is not None:
        known = lapse(db, known)
        if known["status"] in (PAID, REFUNDED):
            raise Refused("ORDERPAID", "该订单已支付")
        if known["status"] == CLOSED:
            raise Refused("ORDER_CLOSED", "该订单已关闭")
        if (known["total_fen"], known["kind"]) != (new.total_fen, new.kind):
            raise Refused("INVALID_REQUEST", "请求重入时，参数与首次请求时不一致")
        return known
    if new.expires_at <= now:
        raise Refused("PARAM_ERROR", "time_expire 已过")
    number = f"4200{secrets.randbelow(10**6):06d}{_stamp(now)}{secrets.randbelow(10**10):010d}"
    db.execute(
        "INSERT INTO wechat_trade (transaction_id, mchid, out_trade_no, description, total_fen,"
        " status, kind, token, openid, notify_url, created_at, expires_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            number,
            new.mchid,
            new.out_trade_no,
            new.description,
            new.total_fen,
            WAITING,
            new.kind,
            f"wx{secrets.token_hex(17)}",
            new.openid,
            new.notify_url,
            now,
            new.expires_at,
        ),
    )
    return wanted(db, new.mchid, new.out_trade_no)


def lapse(db: sqlite3.Connection, trade: sqlite3.Row) -> sqlite3.Row:
    if trade["status"] != WAITING or trade["expires_at"] > time.time():
        return trade
    return _set(db, trade, CLOSED)


def _set(db: sqlite3.Connection, trade: sqlite3.Row, status: str) -> sqlite3.Row:
    db.execute(
        "UPDATE wechat_trade SET status = ? WHERE transaction_id = ?",
        (status, trade["transaction_id"]),
    )
    return _again(db, trade)


def pay(db: sqlite3.Connection, trade: sqlite3.Row) -> sqlite3.Row:
    """The buyer pays the whole amount; paying again changes nothing and notifies nobody."""
    trade = lapse(db, trade)
    if trade["status"] in (PAID, REFUNDED):
        return trade
    if trade["status"] == CLOSED:
        raise Refused("ORDER_CLOSED", "订单已关闭")
    db.execute(
        "UPDATE wechat_trade SET status = ?, paid_at = ? WHERE transaction_id = ?",
        (PAID, time.time(), trade["transaction_id"]),
    )
    row = _again(db, trade)
    notices.queue(db, row, event_type="TRANSACTION.SUCCESS")
    return row


def close(db: sqlite3.Connection, trade: sqlite3.Row) -> sqlite3.Row:
    if trade["status"] in (PAID, REFUNDED):
        raise Refused("ORDERPAID", "订单已支付")
    if trade["status"] == CLOSED:
        raise Refused("ORDER_CLOSED", "订单已关闭")
    return _set(db, trade, CLOSED)


@dataclass(frozen=True, slots=True)
class NewRefund:
    out_refund_no: str
    amount_fen: int
    total_fen: int
    notify_url: str
    destiny: str = "SUCCESS"
    seconds: float = 0.0


def refund(db: sqlite3.Connection, trade: sqlite3.Row, new: NewRefund) -> sqlite3.Row:
    """Refunds once per request number; the same again is the same refund."""
    known = find_refund(db, trade["mchid"], new.out_refund_no)
    if known is not None:
        same = (known["transaction_id"], known["amount_fen"])
        if same != (trade["transaction_id"], new.amount_fen):
            raise Refused("INVALID_REQUEST", "订单金额或退款金额与之前请求不一致")
        return settle_refund(db, known)
    if trade["status"] not in (PAID, REFUNDED):
        raise Refused("RESOURCE_NOT_EXISTS", "订单不存在或状态不正确", status=404)
    if new.total_fen != trade["total_fen"]:
        raise Refused("INVALID_REQUEST", "订单金额与之前请求不一致")
    if trade["refunded_fen"] + new.amount_fen > trade["total_fen"]:
        raise Refused("INVALID_REQUEST", "累计退款金额大于支付金额", status=403)
    now = time.time()
    db.execute(
        "INSERT INTO wechat_refund VALUES (?, ?, ?, ?, ?, 'PROCESSING', ?, ?, ?, ?, NULL)",
        (
            f"5030{secrets.randbelow(10**6):06d}{_stamp(now)}{secrets.randbelow(10**11):011d}",
            trade["transaction_id"],
            trade["mchid"],
            new.out_refund_no,
            new.amount_fen,
            new.destiny,
            new.notify_url,
            now,
            now + new.seconds,
        ),
    )
    db.execute(
        "UPDATE wechat_trade SET status = ?, refunded_fen = refunded_fen + ?"
        " WHERE transaction_id = ?",
        (REFUNDED, new.amount_fen, trade["transaction_id"]),
    )
    row = find_refund(db, trade["mchid"], new.out_refund_no)
    if row is None:
        raise LookupError(new.out_refund_no)
    return settle_refund(db, row)


def find_refund(db: sqlite3.Connection, mchid: str, out_refund_no: str) -> sqlite3.Row | None:
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM wechat_refund WHERE mchid = ? AND out_refund_no = ?", (mchid, out_refund_no)
    ).fetchone()
    return row


def trade_of(db: sqlite3.Connection, refund: sqlite3.Row) -> sqlite3.Row:
    return _again(db, refund)


def settle_refund(db: sqlite3.Connection, refund: sqlite3.Row) -> sqlite3.Row:
    """What a refund was destined to become, once its time is there; a closed one gives money back."""
    now = time.time()
    if refund["status"] != "PROCESSING" or refund["due_at"] > now:
        return refund
    done = now if refund["destiny"] == "SUCCESS" else None
    db.execute(
        "UPDATE wechat_refund SET status = destiny, success_at = ? WHERE refund_id = ?",
        (done, refund["refund_id"]),
    )
    if refund["destiny"] == "CLOSED":
        db.execute(
            "UPDATE wechat_trade SET refunded_fen = refunded_fen - ? WHERE transaction_id = ?",
            (refund["amount_fen"], refund["transaction_id"]),
        )
    row = find_refund(db, refund["mchid"], refund["out_refund_no"])
    if row is None:
        raise LookupError(refund["out_refund_no"])
    notices.queue(db, trade_of(db, row), event_type=f"REFUND.{row['status']}", refund=row)
    return row


def lapse_all(db: sqlite3.Connection) -> int:
    now = time.time()
    late = db.execute(
        "SELECT * FROM wechat_trade WHERE status = ? AND expires_at <= ?", (WAITING, now)
    ).fetchall()
    for trade in late:
        lapse(db, trade)
    due = db.execute(
        "SELECT * FROM wechat_refund WHERE status = 'PROCESSING' AND due_at <= ?", (now,)
    ).fetchall()
    for refund in due:
        settle_refund(db, refund)
    return len(late) + len(due)
