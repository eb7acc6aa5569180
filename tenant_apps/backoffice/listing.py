"""A list: found, filtered, sorted, paged, and exported as it is shown. The address holds its state."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import quote
from uuid import UUID

from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views import View

from billing.ledger import days
from shared_apps.audit.services import record
from shared_apps.distributors.site import distributor_of
from shared_apps.kernel import clock
from shared_apps.kernel.errors import Invalid
from shared_apps.kernel.money import Money
from shared_apps.kernel.papers import Paper, pdf
from shared_apps.kernel.spreadsheets import comma_separated, workbook

from .cells import Column, Row, as_text
from .frame import page
from .months import Month
from .sections import Section

PER_PAGE = 50
MOST_EXPORTED = 20_000
MOST_PRINTED = 5_000
FIGURES = ("money", "books", "figure", "rate", "percent")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Text = str | Promise


class TooManyToExport(Invalid):
    code = "office.too_many_to_export"
    sentence = _("共 %(count)s 行，一次最多导出 %(most)s 行。请先缩小时间范围或增加筛选条件。")


@dataclass(frozen=True, slots=True)
class Filter:
    """A field of the list's form. kind: search, select, day, month, or this_month (never without one)."""

    name: str
    label: Text
    kind: str = "search"
    options: Sequence[tuple[str, Text]] | Callable[[], Sequence[tuple[str, Text]]] = ()

    def shown(self, asked: Asked) -> dict[str, Any]:
        options = self.options() if callable(self.options) else self.options
        return {
            "name": self.name,
            "label": self.label,
            "kind": self.kind.removeprefix("this_"),
            "options": options,
            "value": str(asked.month(self.name))
            if self.kind == "this_month"
            else asked.raw(self.name),
        }


@dataclass(frozen=True, slots=True)
class Empty:
    """What a list is for, while there is nothing in it, and the first step."""

    title: Text
    text: Text = ""
    icon: str = "inbox"


class Asked:
    """The query of a list, read leniently: what makes no sense is as if it had not been said."""

    def __init__(self, query: QueryDict, at: datetime) -> None:
        self.query = query
        self.at = at

    def raw(self, name: str) -> str:
        return self.query.get(name, "").replace("\x00", "").strip()[:100]

    def one_of(self, name: str, allowed: Iterable[str]) -> str:
        value = self.raw(name)
        return value if value in set(allowed) else ""

    def uuid(self, name: str) -> UUID | None:
        try:
            return UUID(self.raw(name))
        except ValueError:
            return None

    def day(self, name: str) -> date | None:
        try:
            return date.fromisoformat(self.raw(name))
        except ValueError:
            return None

    def since(self, name: str = "from") -> datetime | None:
        day = self.day(name)
        return days.start_of(day) if day else None

    def until(self, name: str = "to") -> datetime | None:
        """The end of the day named, so that the day itself is in."""
        day = self.day(name)
        return days.start_of(day + timedelta(days=1)) if day and day < date.max else None

    def month(self, name: str = "month") -> Month:
        return Month.read(self.raw(name)) or Month.of(self.at)

    def month_or_none(self, name: str = "month") -> Month | None:
        return Month.read(self.raw(name))


DAYS = (Filter("from", _("从"), "day"), Filter("to", _("到"), "day"))


class Listing(View):
    """Subclasses say what they find and how a row looks; `export` is the name of their export's URL."""

    http_method_names = ["get", "head"]

    section: ClassVar[Section]
    title: ClassVar[Text]
    lead: ClassVar[Text] = ""
    columns: ClassVar[Sequence[Column]]
    filters: ClassVar[Sequence[Filter]] = ()
    sorts: ClassVar[Mapping[str, str]] = {}
    empty: ClassVar[Empty]
    export: ClassVar[str] = ""
    template: ClassVar[str] = "backoffice/list.html"
    per_page: ClassVar[int] = PER_PAGE

    exporting: bool = False  # given to as_view by the export's route
    asked: Asked

    def find(self) -> QuerySet[Any] | Sequence[Any]:
        raise NotImplementedError

    def rows(self, found: Sequence[Any]) -> list[Row]:
        """Rows of one page; whatever more they need is read here, once a page."""
        raise NotImplementedError

    def totals(self, found: QuerySet[Any] | Sequence[Any]) -> Row | None:
        return None

    def more(self) -> Mapping[str, Any]:
        """Context beyond the list."""
        return {}

    def shown_columns(self) -> Sequence[Column]:
        return self.columns

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.asked = Asked(request.GET, clock.now())
        found = self._sorted(self.find())
        if self.exporting:
            return self._spreadsheet(found)
        shown = Paginator(found, self.per_page).get_page(request.GET.get("page"))
        export = reverse(self.export, kwargs=self.kwargs) if self.export else ""
        return page(
            request,
            self.template,
            self.section,
            {
                "title": self.title,
                "lead": self.lead,
                "columns": self.shown_columns(),
                "rows": self.rows(list(shown.object_list)),
                "page": shown,
                "totals": self.totals(found),
                "filters": [one.shown(self.asked) for one in self.filters],
                "kept": self._kept(request),
                "filtered": any(self.asked.raw(one.name) for one in self.filters),
                "empty": self.empty,
                "export": export,
                **self.more(),
            },
        )

    def _kept(self, request: HttpRequest) -> list[tuple[str, str]]:
        """What the filters' form must carry along: order, columns, whatever else the address says."""
        own = {one.name for one in self.filters} | {"page"}
        return [(k, v) for k, values in request.GET.lists() if k not in own for v in values]

    def _sorted(self, found: QuerySet[Any] | Sequence[Any]) -> QuerySet[Any] | Sequence[Any]:
        wanted = self.asked.raw("sort")
        field = self.sorts.get(wanted.removeprefix("-"))
        if field is None or not isinstance(found, QuerySet):
            return found
        backwards = "-" if wanted.startswith("-") else ""
        return found.order_by(f"{backwards}{field}", f"{backwards}id")

    def _spreadsheet(self, found: QuerySet[Any] | Sequence[Any]) -> HttpResponse:
        """The whole list as it is filtered and sorted; who took it is in the audit."""
        count = found.count() if isinstance(found, QuerySet) else len(found)
        if count > MOST_EXPORTED:
            raise TooManyToExport(count=count, most=MOST_EXPORTED)
        columns = [column for column in self.shown_columns() if column["label"]]
        rows = self.rows(list(found))
        cells = [[row.get(column["key"]) for column in columns] for row in rows]
        name = str(self.title)
        with transaction.atomic():
            record(
                "office.export",
                after={
                    "list": self.export or name,
                    "rows": count,
                    "query": self.asked.query.dict(),
                },
                note=name,
            )
        head = [_headed(column) for column in columns]
        stem = f"{name}-{days.day_of(self.asked.at):%Y%m%d}"
        if self.asked.raw("as") == "xlsx":
            return _workbook(stem, name, head, cells)
        if self.asked.raw("as") == "pdf":
            return self._paper(stem, head, columns, rows, cells)
        text = comma_separated(head, [[as_text(cell) for cell in row] for row in cells])
        return _file(f"{stem}.csv", text, "text/csv; charset=utf-8")

    def _paper(
        self,
        stem: str,
        head: Sequence[str],
        columns: Sequence[Column],
        rows: Sequence[Row],
        cells: Sequence[Sequence[object]],
    ) -> HttpResponse:
        """The same list on paper, with the name of the institution and the time."""
        if len(rows) > MOST_PRINTED:
            raise TooManyToExport(count=len(rows), most=MOST_PRINTED)
        shop = distributor_of(self.request)
        more = self.more()
        paper = Paper(
            title=str(more.get("title", self.title)),
            institution=shop.legal_name or shop.name,
            lead=str(more.get("on_paper", "")),
            printed=_("%(at)s 打印")
            % {"at": self.asked.at.astimezone(days.BOOKS_ZONE).strftime("%Y-%m-%d %H:%M")},
            head=head,
            rows=[
                [cell if isinstance(cell, Money) else as_text(cell) for cell in row]
                for row in cells
            ],
            figures=frozenset(n for n, column in enumerate(columns) if column["kind"] in FIGURES),
            bold=frozenset(n for n, row in enumerate(rows) if row.get("sum")),
        )
        return _file(f"{stem}.pdf", pdf(paper), "application/pdf")


def _workbook(
    stem: str, name: str, head: Sequence[str], cells: Iterable[Sequence[object]]
) -> HttpResponse:
    """The same list as XLSX, its money as numbers."""
    rows = [[cell if isinstance(cell, Money) else as_text(cell) for cell in row] for row in cells]
    return _file(f"{stem}.xlsx", workbook(title=name, head=head, rows=rows), XLSX)


def _file(name: str, content: str | bytes, media_type: str) -> HttpResponse:
    response = HttpResponse(content, content_type=media_type)
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    return response


def _headed(column: Column) -> str:
    unit = column.get("unit")
    if not unit:
        return str(column["label"])
    return _("%(label)s（%(unit)s）") % {"label": column["label"], "unit": unit}
