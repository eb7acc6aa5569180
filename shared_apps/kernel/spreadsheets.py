"""Text for spreadsheet programs, which take a cell that begins like a formula for one and run it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

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
