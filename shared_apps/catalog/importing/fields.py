"""One cell at a time: the figure that it states, or the reason why it states none.

Strict on purpose. A figure that would have to be guessed is refused, because a wrong price or a
wrong size is sold.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

MOST_PRICE: Final = Decimal(1_000_000)
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?")
_RANGE = re.compile(r"(?P<low>[\d.,]+)\s*[-–—~]\s*(?P<high>[\d.,]+)")
_SIGNS = {
    "US$": "USD",
    "USD": "USD",
    "$": "USD",
    "€": "EUR",
    "EUR": "EUR",
    "£": "GBP",
    "GBP": "GBP",
    "CNY": "CNY",
    "RMB": "CNY",
    "¥": "CNY",
    "元": "CNY",
}
_BLANK = {"", "-", "–", "—", "n/a", "N/A", "na", "NA", "none", "None"}


class CellRefused(ValueError):
    """The message is the reason, in the reader's words."""


@dataclass(frozen=True, slots=True)
class Span:
    """A quantity, or the two ends of a stated range."""

    low: Decimal
    high: Decimal | None = None


def plain(cell: str) -> str:
    """Full-width signs made ordinary, spaces at the ends dropped and inner ones made one."""
    return " ".join(unicodedata.normalize("NFKC", cell).split())


def is_blank(cell: str) -> bool:
    return plain(cell) in _BLANK


def price(cell: str, *, column: str, currency: str) -> Decimal | None:
    """A positive amount per hour in the file's currency; None where the cell is blank."""
    text = plain(cell)
    if text in _BLANK:
        return None
    text, written = _without_currency(text)
    if written and written != currency:
        raise CellRefused(f"{column} 的币种是 {written}，文件应为 {currency}：“{cell}”")
    amount = _number(text, column=column, cell=cell)
    if amount <= 0:
        raise CellRefused(f"{column} 必须大于 0：“{cell}”")
    if amount > MOST_PRICE:
        raise CellRefused(f"{column} 超出合理范围：“{cell}”")
    if amount != round(amount, 6):
        raise CellRefused(f"{column} 最多六位小数：“{cell}”")
    return amount


def count(cell: str, *, column: str, most: int) -> int | None:
    """A whole number from 0 to `most`; None where the cell is blank."""
    text = plain(cell)
    if text in _BLANK:
        return None
    number = _number(text, column=column, cell=cell)
    if number != int(number):
        raise CellRefused(f"{column} 必须是整数：“{cell}”")
    if number > most:
        raise CellRefused(f"{column} 超出合理范围：“{cell}”")
    return int(number)


def span(cell: str, *, column: str, most: int, whole: bool = False) -> Span | None:
    """A quantity or a range such as `12-16`; None where the cell is blank."""
    text = re.sub(r"\s*(?:GB|GiB)\s*$", "", plain(cell), flags=re.IGNORECASE)
    if text in _BLANK:
        return None
    match = _RANGE.fullmatch(text)
    ends = [match["low"], match["high"]] if match else [text]
    numbers = [_number(end, column=column, cell=cell) for end in ends]
    if any(number <= 0 or number > most for number in numbers):
        raise CellRefused(f"{column} 超出合理范围：“{cell}”")
    if any(number != round(number, 0 if whole else 2) for number in numbers):
        raise CellRefused(f"{column} 的小数位过多：“{cell}”")
    if len(numbers) == 1:
        return Span(numbers[0])
    if numbers[0] >= numbers[1]:
        raise CellRefused(f"{column} 的范围首尾颠倒：“{cell}”")
    return Span(numbers[0], numbers[1])


def _without_currency(text: str) -> tuple[str, str]:
    for sign, currency in _SIGNS.items():
        if text.upper().startswith(sign):
            return text[len(sign) :].strip(), currency
        if text.upper().endswith(sign):
            return text[: -len(sign)].strip(), currency
    return text, ""


def _number(text: str, *, column: str, cell: str) -> Decimal:
    # Decimal() alone would take "NaN", "1e9" and "_"; the pattern takes figures only.
    if not _GROUPED.fullmatch(text) or len(text) > 20:
        raise CellRefused(f"{column} 不是有效的数字：“{cell}”")
    return Decimal(text.replace(",", ""))
