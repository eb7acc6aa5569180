"""The daily bill of trades, as Alipay writes it: a zip of two CSV files in GBK."""

from __future__ import annotations

import io
import sqlite3
import zipfile
from collections.abc import Sequence

from sandbox import bills
from sandbox.moments import china_text

from .amounts import yuan

_NAMES = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,"
    "商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,"
    "卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"
)
_RULE = "-----------------------------------------"


def lines(db: sqlite3.Connection, app_id: str, day: str) -> list[bills.Line]:
    since, until = bills.bounds(day)
    paid = db.execute(
        "SELECT * FROM trade WHERE app_id = ? AND paid_at >= ? AND paid_at < ?",
        (app_id, since, until),
    ).fetchall()
    back = db.execute(
        "SELECT r.*, t.out_trade_no, t.subject FROM refund r JOIN trade t USING (trade_no)"
        " WHERE t.app_id = ? AND r.refunded_at >= ? AND r.refunded_at < ?",
        (app_id, since, until),
    ).fetchall()
    found = [
        bills.Line(
            False,
            row["out_trade_no"],
            "",
            row["trade_no"],
            "",
            row["subject"],
            row["total_fen"],
            bills.fee(row["total_fen"], places="0.01"),
            row["paid_at"],
        )
        for row in paid
    ] + [
        bills.Line(
            True,
            row["out_trade_no"],
            row["out_request_no"],
            row["trade_no"],
            "",
            row["subject"],
            row["amount_fen"],
            -bills.fee(row["amount_fen"], places="0.01"),
            row["refunded_at"],
        )
        for row in back
    ]
    return bills.disturbed(db, "alipay", app_id, sorted(found, key=lambda line: line.at))


def packed(found: Sequence[bills.Line], *, seller_id: str, day: str) -> bytes:
    compact = day.replace("-", "")
    paid = sum(line.fen for line in found if not line.refund)
    back = sum(line.fen for line in found if line.refund)
    table = [
        "#支付宝业务明细查询",
        f"#账号：[{seller_id}0156]",
        f"#起始日期：[{day} 00:00:00]   终止日期：[{day} 24:00:00]",
        f"#{_RULE}业务明细列表{_RULE}",
        _NAMES,
        *(_row(line) for line in found),
        f"#{_RULE}业务明细列表结束{_RULE}",
        f"#交易合计：{sum(not line.refund for line in found)}笔，商家实收共{yuan(paid)}元",
        f"#退款合计：{sum(line.refund for line in found)}笔，商家实收退款共-{yuan(back)}元",
    ]
    summary = ["#支付宝业务汇总查询", "门店编号,门店名称,交易订单总笔数", f"合计,,{len(found)}"]
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, rows in (("业务明细", table), ("业务明细(汇总)", summary)):
            info = zipfile.ZipInfo(f"{seller_id}0156_{compact}_{name}.csv")
            archive.writestr(info, "\r\n".join([*rows, ""]).encode("gbk", "replace"))
    return file.getvalue()


def _row(line: bills.Line) -> str:
    sign = "-" if line.refund else ""
    cells = [
        f"{line.trade_no}\t",
        f"{line.number}\t",
        "退款" if line.refund else "交易",
        line.subject.replace(",", " "),
        china_text(line.at),
        china_text(line.at),
        *["\t"] * 4,
        "*杨(159****5620)\t",
        f"{sign}{yuan(line.fen)}",
        f"{sign}{yuan(line.fen)}",
        *["0.00"] * 5,
        "",
        "0.00\t",
        "0.00",
        f"{line.request_no}\t",
        f"{-line.fee:.2f}",
        "0.00",
        "",
    ]
    return ",".join(cells)
