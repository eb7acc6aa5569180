"""Tables as PDF, set by typst. What is printed goes in as data, never as typst's own language."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import manimgx_fonts_cjk
import typst

from .money import Money

_FONTS = Path(manimgx_fonts_cjk.__file__).parent
_SHEET = Path(__file__).parent / "papers.typ"


@dataclass(frozen=True, slots=True)
class Paper:
    """`figures` are the columns that stand at the right; `bold` the rows that sum up."""

    title: str
    institution: str
    lead: str
    printed: str
    head: Sequence[str]
    rows: Sequence[Sequence[str | Money]]
    figures: frozenset[int] = frozenset()
    bold: frozenset[int] = frozenset()


def pdf(paper: Paper) -> bytes:
    """A4, across if there are more than five columns; pages are numbered."""
    data = {
        "title": paper.title,
        "institution": paper.institution,
        "lead": paper.lead,
        "printed": paper.printed,
        "head": list(paper.head),
        "rows": [[_shown(cell) for cell in row] for row in paper.rows],
        "figures": [column in paper.figures for column in range(len(paper.head))],
        "bold": [row in paper.bold for row in range(len(paper.rows))],
    }
    return typst.compile(
        _SHEET,
        format="pdf",
        font_paths=[_FONTS],
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
    )


def _shown(cell: str | Money) -> str:
    return f"{cell.decimal:,.2f}" if isinstance(cell, Money) else cell
