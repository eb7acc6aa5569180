"""A customer's statement as people read it: the customer themself, and staff on the customer's page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, overload
from urllib.parse import quote
from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.balances.queries import Statement, StatementLine, statement_of
from billing.ledger import queries as books
from shared_apps.kernel.money import Money
from shared_apps.kernel.spreadsheets import comma_separated, neutral, workbook

from .errors import StatementTooLong

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_EXPORTED = 20_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which part of whose statement; `kind` is of the event, `lot` of the money."""

    customer_id: UUID
    since: datetime | None = None
    until: datetime | None = None
    kind: str = ""
    lot: str = ""

    def read(self, *, page: int, per_page: int) -> Statement:
        return statement_of(
            customer_id=self.customer_id,
            since=self.since,
            until=self.until,
            kind=self.kind,
            lot=self.lot,
            page=page,
            per_page=per_page,
        )


class Lines(Sequence[StatementLine]):
    """The lines of a statement, read page by page: what a paginator cuts. Two queries a page."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self._length: int | None = None

    def __len__(self) -> int:
        if self._length is None:
            self._length = self.wanted.read(page=1, per_page=1).total
        return self._length

    @overload
    def __getitem__(self, wanted: int) -> StatementLine: ...
    @overload
    def __getitem__(self, wanted: slice) -> list[StatementLine]: ...
    def __getitem__(self, wanted: int | slice) -> StatementLine | list[StatementLine]:
        if isinstance(wanted, int):
            return self[wanted : wanted + 1][0]
        start, stop, _step = wanted.indices(len(self))
        if start >= stop:
            return []
        # Paginators cut at multiples of a page; its last piece is shorter, and so is the cut.
        size = stop - start if start % (stop - start) == 0 else stop
        found = self.wanted.read(page=start // size + 1, per_page=size).items
        return found if size == stop - start else found[start:stop]

    def __iter__(self) -> Iterator[StatementLine]:
        return iter(self[:])


def kind_names() -> dict[str, str]:
    """Kinds of events as the shop's own rules call them."""
    return books.rule_names()


def row(line: StatementLine, names: dict[str, str]) -> dict[str, Any]:
    """A line for a table; what did not change is left empty."""
    return {
        "at": line.effective_at,
        "what": names.get(line.kind, line.kind),
        "detail": line.memo,
        "paid": line.changes.paid or None,
        "gifted": line.changes.gifted or None,
        "promo": line.changes.promo or None,
        "held": line.changes.held or None,
        "balance": line.after.available,
        "held_after": line.after.held,
    }


def columns() -> list[dict[str, Any]]:
    unit = _("元")
    return [
        {"key": "at", "label": _("时间"), "kind": "time"},
        {"key": "what", "label": _("事项")},
        {"key": "detail", "label": _("说明")},
        {"key": "paid", "label": _("充值余额变动"), "kind": "money", "unit": unit},
        {"key": "gifted", "label": _("赠送余额变动"), "kind": "money", "unit": unit},
        {"key": "promo", "label": _("活动余额变动"), "kind": "money", "unit": unit},
        {"key": "held", "label": _("冻结变动"), "kind": "money", "unit": unit},
        {"key": "balance", "label": _("可用余额"), "kind": "money", "unit": unit},
        {"key": "held_after", "label": _("冻结中"), "kind": "money", "unit": unit},
    ]


def export(wanted: Wanted, *, form: str, name: str) -> tuple[HttpResponse, int]:
    """The statement as a file, newest first, and its number of lines. `form`: csv or xlsx."""
    lines = Lines(wanted)
    if len(lines) > MOST_EXPORTED:
        raise StatementTooLong(count=len(lines), most=MOST_EXPORTED)
    names = kind_names()
    head = [str(column["label"]) for column in columns()]
    rows = [_cells(line, names) for line in lines]
    if form == "xlsx":
        content: bytes | str = workbook(title=_("余额明细"), head=head, rows=rows)
        media = XLSX
    else:
        plain = [[neutral(c) if isinstance(c, str) else str(c) for c in cells] for cells in rows]
        content, media = comma_separated(head, plain), "text/csv; charset=utf-8"
    response = HttpResponse(content, content_type=media)
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}.{form}"
    return response, len(rows)


def _cells(line: StatementLine, names: dict[str, str]) -> list[str | Money]:
    when = timezone.localtime(line.effective_at).strftime("%Y-%m-%d %H:%M:%S")
    changes, after = line.changes, line.after
    return [
        when,
        names.get(line.kind, line.kind),
        line.memo,
        changes.paid,
        changes.gifted,
        changes.promo,
        changes.held,
        after.available,
        after.held,
    ]
