"""Text for spreadsheet programs, which take a cell that begins like a formula for one and run it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from openpyxl import Workbook

from .money import Money

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
BYTE_ORDER_MARK = "\ufeff"  # without it Excel reads Chinese as something else


def neutral(text: str) -> str:
    """The text as a cell that no program computes: an apostrophe goes before what looks like a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def comma_separated(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A whole CSV file. Figures come as text that their writer vouches for; other cells through `neutral`."""
    out = io.StringIO()
    out.write(BYTE_ORDER_MARK)
    writer = csv.writer(out)
    writer.writerow(head)
    writer.writerows(rows)
    return out.getvalue()


def workbook(*, title: str, head: Sequence[str], rows: Iterable[Sequence[str | Money]]) -> bytes:
    """A whole XLSX file of one sheet. Money becomes a number with two places; text never a formula."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title[:31])
    sheet.freeze_panes = "A2"
    sheet.append([neutral(text) for text in head])
    for row in rows:
        sheet.append([cell.decimal if isinstance(cell, Money) else neutral(cell) for cell in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
