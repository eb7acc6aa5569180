"""资产负债表, 利润表, and the whole books as files for other programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.translation import gettext as said
from django.utils.translation import gettext_lazy as _

from billing.ledger import days, exports
from billing.ledger.models import Period
from billing.ledger.queries.reports import (
    ReportLine,
    balance_sheet,
    income_statement,
)
from shared_apps.audit.services import record
from shared_apps.distributors.site import distributor_of
from shared_apps.identity.access import access
from shared_apps.kernel import clock, tenancy
from tenant_apps.backoffice import sections
from tenant_apps.backoffice.cells import Link, Row, column, link_column
from tenant_apps.backoffice.listing import Empty, Filter, Listing
from tenant_apps.backoffice.months import Month

from .addresses import to

INDENT = "\u2003"
_MONTH = (Filter("month", _("会计期间"), "this_month"),)
_ENDINGS = {"hledger": "journal", "beancount": "beancount", "csv": "csv", "vouchers": "csv"}


@access(sections.BALANCE_SHEET.policy)
class BalanceSheet(Listing):
    section = sections.BALANCE_SHEET
    title = _("资产负债表")
    export = "office:balance_sheet_export"
    per_page = 500
    columns = (
        link_column("line", _("项目")),
        column("closing", _("期末余额"), "books", unit=_("元")),
        column("opening", _("年初余额"), "books", unit=_("元")),
    )
    filters = _MONTH
    empty = Empty(_("还没有可列示的余额"), _("请换一个会计期间。"), "building-bank")

    def find(self) -> Sequence[ReportLine]:
        month = self.asked.month()
        self.sheet = balance_sheet(moments=[month.ends_at, Month(month.year, 1).starts_at])
        return self.sheet.lines

    def rows(self, found: Sequence[ReportLine]) -> list[Row]:
        month = self.asked.month()
        return [
            {
                "line": _told(line, f"?month={month}"),
                "closing": line.amounts[0],
                "opening": line.amounts[1],
                "sum": line.is_sum,
            }
            for line in found
        ]

    def more(self) -> Mapping[str, Any]:
        last = self.asked.month().next.first_day - timedelta(days=1)
        agree = self.sheet.assets == self.sheet.claims
        lead = (
            said("截至 %(day)s。资产总计等于负债和所有者权益总计。")
            if agree
            else said("截至 %(day)s。资产总计与负债和所有者权益总计不等，请联系平台。")
        )
        return {
            "lead": lead % {"day": last.isoformat()},
            "on_paper": said("%(day)s · 单位：元") % {"day": last.isoformat()},
        }


@access(sections.INCOME.policy)
class IncomeStatement(Listing):
    section = sections.INCOME
    title = _("利润表")
    export = "office:income_export"
    per_page = 500
    columns = (
        link_column("line", _("项目")),
        column("month", _("本月金额"), "books", unit=_("元")),
        column("year", _("本年累计"), "books", unit=_("元")),
    )
    filters = _MONTH
    empty = Empty(_("还没有收入和费用"), _("请换一个会计期间。"), "chart-line")

    def find(self) -> Sequence[ReportLine]:
        month = self.asked.month()
        year = Period(start_date=Month(month.year, 1).first_day, end_date=month.next.first_day)
        return income_statement(periods=[month.period, year])

    def rows(self, found: Sequence[ReportLine]) -> list[Row]:
        month = self.asked.month()
        return [
            {
                "line": _told(line, f"?month={month}"),
                "month": line.amounts[0],
                "year": line.amounts[1],
                "sum": line.is_sum,
            }
            for line in found
        ]

    def more(self) -> Mapping[str, Any]:
        month = {"month": self.asked.month()}
        return {
            "lead": said("会计期间 %(month)s。结转损益的分录不计入。") % month,
            "on_paper": said("%(month)s · 单位：元") % month,
        }


def _told(line: ReportLine, query: str) -> Link:
    text = INDENT * line.depth + str(line.label)
    return Link(text, f"{to('account', line.code)}{query}" if line.code else "")


@access(sections.JOURNAL.policy)
def whole_books(request: HttpRequest, kind: str) -> StreamingHttpResponse | HttpResponse:
    """All entries, streamed in the form of another program; who took them is in the audit."""
    write = exports.FORMATS.get(kind)
    if write is None:
        raise Http404
    shop = distributor_of(request)
    with transaction.atomic():
        record("office.export", after={"books": kind}, note=said("账簿"))
    schema = tenancy.require()

    def stream() -> Any:
        with tenancy.enter(schema):
            yield from write()

    response = StreamingHttpResponse(stream(), content_type="text/plain; charset=utf-8")
    name = f"{shop.slug}-{days.day_of(clock.now()):%Y%m%d}-{kind}.{_ENDINGS[kind]}"
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    return response
