"""Alipay's daily bill of trades: a zip of CSV in GBK, with notes before and after the table."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation

import httpx

from shared_apps.kernel.errors import OutcomeUnknown
from shared_apps.kernel.money import Money, charge

from . import alipay_keys
from .base import Bill, BillKind, BillLine

MISSING = "isp.bill_not_exist"
LARGEST = 64 * 1024 * 1024
_KINDS = {"交易": BillKind.PAYMENT, "退款": BillKind.REFUND}
_ENCODING = "gbk"


def fetch(url: str, *, timeout: float) -> bytes:
    """The file behind an address that Alipay has signed; it is good for half a minute."""
    try:
        with httpx.stream("GET", url, timeout=timeout, trust_env=False) as answer:
            answer.raise_for_status()
            parts, size = [], 0
            for part in answer.iter_bytes():
                size += len(part)
                if size > LARGEST:
                    raise OutcomeUnknown(detail="The bill is too large.")
                parts.append(part)
    except httpx.HTTPError as error:
        raise OutcomeUnknown(detail=f"The bill did not come: {type(error).__name__}") from error
    return b"".join(parts)


def read(raw: bytes, *, day: date) -> Bill:
    """Raises OutcomeUnknown for a file that cannot be read to its end, to the fen."""
    try:
        lines = tuple(_line(row) for row in _rows(_table(raw)))
    except (zipfile.BadZipFile, KeyError, ValueError, InvalidOperation, EOFError) as error:
        raise OutcomeUnknown(detail=f"The bill cannot be read: {error!r}"[:300]) from error
    return Bill(day=day, lines=lines, raw=raw)


def _table(raw: bytes) -> str:
    """The file of single trades; beside it lies a summary."""
    with zipfile.ZipFile(io.BytesIO(raw), metadata_encoding=_ENCODING) as archive:
        (found,) = [
            info
            for info in archive.infolist()
            if "业务明细" in info.filename and "汇总" not in info.filename
        ]
        if found.file_size > LARGEST:
            raise ValueError("too large")
        return archive.read(found).decode(_ENCODING)


def _rows(text: str) -> Iterator[dict[str, str]]:
    lines = (line for line in text.splitlines() if line.strip() and not line.startswith("#"))
    reader = csv.reader(lines)
    names = [name.strip() for name in next(reader)]
    for cells in reader:
        yield dict(zip(names, (cell.strip() for cell in cells), strict=True))


def _line(row: dict[str, str]) -> BillLine:
    """A refund is written with minus signs, and so is a fee that was taken."""
    kind = _KINDS[row["业务类型"]]
    at = alipay_keys.china_moment(row["完成时间"])
    if at is None:
        raise ValueError(row["完成时间"])
    amount = Money.of(row["订单金额（元）"])
    return BillLine(
        kind=kind,
        number=row["商户订单号"],
        request_no=row["退款批次号/请求号"] if kind is BillKind.REFUND else "",
        provider_trade_no=row["支付宝交易号"],
        amount=-amount if kind is BillKind.REFUND else amount,
        fee=-charge(Decimal(row["服务费（元）"]), Decimal(1)),
        at=at,
    )
