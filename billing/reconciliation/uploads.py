"""A bill that a person hands in: a CSV file of whichever channel, and which of its columns say what."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.ledger.days import BOOKS_ZONE, day_of, start_of
from billing.payments.gateways.base import Bill, BillKind, BillLine
from shared_apps.kernel.money import Money

from .errors import BillUnreadable

# What a column can say; those with a star must be named.
FIELDS = {
    "number": gettext_lazy("商户订单号（支付单号）"),
    "amount": gettext_lazy("金额（退款为负）"),
    "at": gettext_lazy("时间"),
    "request_no": gettext_lazy("商户退款单号"),
    "trade_no": gettext_lazy("渠道交易号"),
    "fee": gettext_lazy("手续费"),
}
NEEDED = ("number", "amount")
_GUESSES = {
    "number": ("商户订单号", "支付单号", "out_trade_no", "订单号"),
    "amount": ("订单金额", "交易金额", "金额", "amount"),
    "at": ("交易时间", "完成时间", "时间", "created", "time"),
    "request_no": ("商户退款单号", "退款批次号", "退款请求号", "refund"),
    "trade_no": ("微信订单号", "支付宝交易号", "交易号", "流水号", "charge"),
    "fee": ("手续费", "服务费", "fee"),
}
_TIMES = ("%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M")
_DAYS = ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d")


@dataclass(frozen=True, slots=True)
class Table:
    head: list[str]
    rows: list[list[str]]
    first_row: int  # the file's own number of the first of `rows`


def table(content: bytes) -> Table:
    """The file as rows. Lines above the head (of fewer cells) and comments below are left out."""
    text = _text(content)
    rows = [
        (number, [cell.strip().strip("`").strip() for cell in row])
        for number, row in enumerate(csv.reader(io.StringIO(text)), start=1)
        if any(cell.strip() for cell in row) and not row[0].startswith("#")
    ]
    widest = max((len(row) for _number, row in rows), default=0)
    whole = [(number, row) for number, row in rows if len(row) == widest]
    if widest < 2 or len(whole) < 1:
        raise BillUnreadable(row=1, why=_("没有表头，或不是逗号分隔的表格。"))
    head, *body = whole
    return Table(head[1], [row for _number, row in body], body[0][0] if body else 0)


def guess(head: Sequence[str]) -> dict[str, int]:
    """Which column says what, by what it is called; each column once."""
    found: dict[str, int] = {}
    for field, names in _GUESSES.items():
        for name in names:
            at = next(
                (
                    place
                    for place, title in enumerate(head)
                    if name in title.lower() and place not in found.values()
                ),
                None,
            )
            if at is not None:
                found[field] = at
                break
    return found


def read(content: bytes, *, mapping: Mapping[str, int], day: date) -> Bill:
    """The bill by the named columns. Raises BillUnreadable with the row that makes no sense."""
    found = table(content)
    lines = [
        _line(row, mapping, day, found.first_row + place) for place, row in enumerate(found.rows)
    ]
    return Bill(day, tuple(line for line in lines if line is not None), content)


def _line(row: Sequence[str], mapping: Mapping[str, int], day: date, place: int) -> BillLine | None:
    def cell(field: str) -> str:
        at = mapping.get(field)
        return row[at] if at is not None and 0 <= at < len(row) else ""

    if not cell("number"):
        return None  # a sum below the table
    amount, fee = _money(cell("amount"), place), _money(cell("fee") or "0", place)
    if not amount.minor:
        return None
    at = _moment(cell("at"), day, place)
    refund = amount.minor < 0
    if day_of(at) != day:
        raise BillUnreadable(
            row=place, why=_("日期 %(day)s 不是所选的那一天。") % {"day": day_of(at).isoformat()}
        )
    return BillLine(
        kind=BillKind.REFUND if refund else BillKind.PAYMENT,
        number=cell("number")[:64],
        request_no=cell("request_no")[:64] if refund else "",
        provider_trade_no=cell("trade_no")[:64],
        amount=-amount if refund else amount,
        fee=fee,
        at=at,
    )


def _money(text: str, place: int) -> Money:
    plain = text.replace(",", "").replace("¥", "").replace("￥", "").strip()
    try:
        return Money.of(Decimal(plain).quantize(Decimal("0.01")) if plain else "0")
    except (ValueError, InvalidOperation) as wrong:
        why = _("“%(text)s”不是金额。") % {"text": text[:30]}
        raise BillUnreadable(row=place, why=why) from wrong


def _moment(text: str, day: date, place: int) -> datetime:
    if not text:
        return start_of(day)
    for form in (*_TIMES, *_DAYS):
        try:
            return datetime.strptime(text, form).replace(tzinfo=BOOKS_ZONE)
        except ValueError:
            continue
    raise BillUnreadable(row=place, why=_("“%(text)s”不是时间。") % {"text": text[:30]})


def _text(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BillUnreadable(row=1, why=_("文字编码无法识别，请另存为 UTF-8。"))
