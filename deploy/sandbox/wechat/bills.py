"""The daily bill of trades, as WeChat Pay writes it."""

from __future__ import annotations

import gzip
import hashlib
import sqlite3

from sandbox import bills
from sandbox.alipay.amounts import yuan
from sandbox.moments import china_text

from . import merchants

_NAMES = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
    "应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,"
    "手续费,费率,订单金额,申请退款金额,费率备注"
)
_SUMS = (
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
)


def lines(db: sqlite3.Connection, mchid: str, day: str) -> list[bills.Line]:
    since, until = bills.bounds(day)
    paid = db.execute(
        "SELECT * FROM wechat_trade WHERE mchid = ? AND paid_at >= ? AND paid_at < ?",
        (mchid, since, until),
    ).fetchall()
    back = db.execute(
        "SELECT r.*, t.out_trade_no, t.description FROM wechat_refund r JOIN wechat_trade t"
        " USING (transaction_id) WHERE r.mchid = ? AND r.status = 'SUCCESS'"
        " AND r.created_at >= ? AND r.created_at < ?",
        (mchid, since, until),
    ).fetchall()
    found = [
        bills.Line(
            False,
            row["out_trade_no"],
            "0",
            row["transaction_id"],
            "0",
            row["description"],
            row["total_fen"],
            bills.fee(row["total_fen"], places="0.00001"),
            row["paid_at"],
        )
        for row in paid
    ] + [
        bills.Line(
            True,
            row["out_trade_no"],
            row["out_refund_no"],
            row["transaction_id"],
            row["refund_id"],
            row["description"],
            row["amount_fen"],
            -bills.fee(row["amount_fen"], places="0.00001"),
            row["created_at"],
        )
        for row in back
    ]
    return bills.disturbed(db, "wechat", mchid, sorted(found, key=lambda line: line.at))


def text(db: sqlite3.Connection, mchid: str, found: list[bills.Line]) -> str:
    appid = merchants.known_merchant(db, mchid)["appid"]
    rows = [_NAMES, *(_row(line, appid, mchid) for line in found), _SUMS]
    total = sum(line.fen for line in found if not line.refund)
    back = sum(line.fen for line in found if line.refund)
    cells = [
        str(len(found)),
        yuan(total),
        yuan(back),
        "0.00",
        f"{sum(line.fee for line in found):.5f}",
        yuan(total),
        yuan(back),
    ]
    return "\r\n".join([*rows, ",".join(f"`{cell}" for cell in cells), ""])


def _row(line: bills.Line, appid: str, mchid: str) -> str:
    back = line.refund
    cells = [
        china_text(line.at),
        appid,
        mchid,
        "0",
        "",
        line.trade_no,
        line.number,
        "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
        "NATIVE",
        "REFUND" if back else "SUCCESS",
        "OTHERS",
        "CNY",
        "0.00" if back else yuan(line.fen),
        "0.00",
        line.refund_no,
        line.request_no,
        yuan(line.fen) if back else "0.00",
        "0.00",
        "ORIGINAL" if back else "",
        "SUCCESS" if back else "",
        line.subject.replace(",", "\\ "),
        "",
        f"{line.fee:.5f}",
        "0.60%",
        "0.00" if back else yuan(line.fen),
        yuan(line.fen) if back else "0.00",
        "",
    ]
    return ",".join(f"`{cell}" for cell in cells)


def packed(content: str) -> tuple[bytes, str]:
    """The file, and the hash of what is in it."""
    raw = content.encode()
    return gzip.compress(raw, mtime=0), hashlib.sha1(raw).hexdigest()  # noqa: S324
