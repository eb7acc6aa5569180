"""What a provider moved on one day, and how a daily bill can be wrong about it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from .faults import take_in
from .moments import CHINA

RATE = Decimal("0.006")
DISTURBANCES = ("bill_lacks", "bill_adds", "bill_differs")


@dataclass(frozen=True, slots=True)
class Line:
    """One movement; `fen` is positive, and `fee` as well for a payment, negative for a refund."""

    refund: bool
    number: str
    request_no: str
    trade_no: str
    refund_no: str
    subject: str
    fen: int
    fee: Decimal
    at: float


def fee(fen: int, *, places: str) -> Decimal:
    """0.6 % in yuan."""
    return (Decimal(fen) / 100 * RATE).quantize(Decimal(places), rounding=ROUND_HALF_UP)


def bounds(day: str) -> tuple[float, float]:
    """A day in China as two moments; raises ValueError."""
    begin = datetime.combine(date.fromisoformat(day), datetime.min.time(), CHINA)
    return begin.timestamp(), (begin + timedelta(days=1)).timestamp()


def disturbed(db: sqlite3.Connection, part: str, account: str, lines: Sequence[Line]) -> list[Line]:
    """The lines with one armed fault in them: one line less, one too many, or one of another sum."""
    result = list(lines)
    fault = take_in(db, part, *DISTURBANCES, account=account)
    if fault is None or not result:
        return result
    number = str(fault.params.get("out_trade_no", ""))
    place = next((i for i, line in enumerate(result) if line.number == number), 0)
    if fault.name == "bill_lacks":
        del result[place]
    elif fault.name == "bill_differs":
        result[place] = replace(result[place], fen=result[place].fen + 1)
    else:
        stranger = {"number": "STRANGER1", "trade_no": result[place].trade_no[:-4] + "9999"}
        result.append(replace(result[place], **stranger))  # type: ignore[arg-type]
    return result
