"""WeChat Pay's daily bill of trades: gzipped CSV whose every cell begins with a backtick."""

from __future__ import annotations

import csv
import gzip
import hashlib
import hmac
import io
import zlib
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from shared_apps.kernel.errors import OutcomeUnknown
from shared_apps.kernel.money import Money, charge

from .alipay_keys import CHINA
from .base import Bill, BillKind, BillLine

MISSING = frozenset({"NO_STATEMENT_EXIST", "STATEMENT_CREATING"})
LARGEST = 64 * 1024 * 1024
_SUMMARY = "总交易单数"
_KINDS = {"SUCCESS": BillKind.PAYMENT, "REFUND": BillKind.REFUND}


def read(packed: bytes, *, day: date, hash_type: str, hash_value: str) -> Bill:
    """Raises OutcomeUnknown unless the text has the hash that WeChat has signed, and can be read."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(packed)) as file:
            raw = file.read(LARGEST + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise OutcomeUnknown(detail="The bill cannot be unpacked.") from error
    found = hashlib.sha1(raw).hexdigest()  # noqa: S324  the only one that WeChat offers
    if hash_type != "SHA1" or not hmac.compare_digest(found, hash_value.lower()):
        raise OutcomeUnknown(detail="The bill is not the one that was signed: its hash differs.")
    if len(raw) > LARGEST:
        raise OutcomeUnknown(detail="The bill is too large.")
    try:
        lines = tuple(_line(row) for row in _rows(raw.decode("utf-8-sig")))
    except (KeyError, ValueError, InvalidOperation) as error:
        raise OutcomeUnknown(detail=f"The bill cannot be read: {error!r}"[:300]) from error
    return Bill(day=day, lines=lines, raw=raw)


def _rows(text: str) -> Iterator[dict[str, str]]:
    """The rows between the names and the sums; a file without sums was cut short."""
    reader = csv.reader(text.splitlines(), quoting=csv.QUOTE_NONE)
    names = next(reader)
    for cells in reader:
        if cells and cells[0] == _SUMMARY:
            return
        yield dict(zip(names, (cell.removeprefix("`").strip() for cell in cells), strict=True))
    raise ValueError("no sums at the end")


def _line(row: dict[str, str]) -> BillLine:
    kind = _KINDS[row["交易状态"]]
    refund = kind is BillKind.REFUND
    return BillLine(
        kind=kind,
        number=row["商户订单号"],
        request_no=row["商户退款单号"] if refund else "",
        provider_trade_no=row["微信订单号"],
        amount=Money.of(row["申请退款金额" if refund else "订单金额"], row["货币种类"]),
        fee=charge(Decimal(row["手续费"]), Decimal(1), row["货币种类"]),
        at=datetime.strptime(row["交易时间"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA),
    )
