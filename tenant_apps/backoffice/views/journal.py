from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from billing.ledger import queries
from billing.ledger.models import Entry
from billing.ledger.queries.chart import accounts, journals, rule_names
from billing.ledger.queries.vouchers import reversible
from shared_apps.identity.access import access
from shared_apps.kernel.money import Money, total
from tenant_apps.backoffice import sections, words
from tenant_apps.backoffice.cells import Link, Row, column, link_column
from tenant_apps.backoffice.frame import page
from tenant_apps.backoffice.listing import Empty, Filter, Listing
from tenant_apps.backoffice.queries.origins import origins

from .addresses import to

SECTION = sections.JOURNAL


def kind_name(kind: str, names: dict[str, str]) -> str:
    return names.get(kind) or str(words.ENTRY_KINDS.get(kind, kind))


def _journal_choices() -> list[tuple[str, str]]:
    return [(journal.code, journal.name) for journal in journals()]


def _kind_choices() -> list[tuple[str, str]]:
    names = rule_names()
    return [*names.items(), *((code, str(name)) for code, name in words.ENTRY_KINDS.items())]


def account_choices() -> list[tuple[str, str]]:
    return [(row.account.code, f"{row.account.code} {row.account.name}") for row in accounts()]


@access(SECTION.policy)
class Journal(Listing):
    section = SECTION
    title = pgettext_lazy("many", "分录")
    lead = _("每笔业务按分录规则自动入账，借贷必平，入账后不可修改，只能冲销。")
    export = "office:journal_export"
    columns = (
        link_column("effective_at", _("业务时间"), sort="effective_at"),
        column("kind", _("类型")),
        column("memo", _("摘要")),
        column("debit", _("借方科目")),
        column("credit", _("贷方科目")),
        column("amount", _("金额"), "money", unit=_("元")),
        link_column("origin", _("来源")),
        column("journal", _("账簿"), off=True),
        column("source", _("来源编号"), "id", off=True),
        column("recorded_at", _("入账时间"), "time", off=True),
    )
    sorts = {"effective_at": "effective_at"}
    filters = (
        Filter("q", _("摘要、来源编号")),
        Filter("account", _("全部科目"), "select", account_choices),
        Filter("journal", _("全部账簿"), "select", _journal_choices),
        Filter("kind", _("全部类型"), "select", _kind_choices),
        Filter("month", _("会计期间"), "month"),
    )
    empty = Empty(_("还没有分录"), _("有了第一笔收款或订单后，系统会自动记账。"), "book")

    def find(self) -> QuerySet[Entry]:
        month = self.asked.month_or_none()
        return queries.entries(
            text=self.asked.raw("q"),
            account=self.asked.raw("account"),
            journal=self.asked.raw("journal"),
            kind=self.asked.raw("kind"),
            since=month.starts_at if month else None,
            until=month.ends_at if month else None,
        ).order_by("-effective_at", "-id")

    def rows(self, found: Sequence[Entry]) -> list[Row]:
        names = rule_names()
        ways = origins(entry.source for entry in found)
        return [_row(entry, names, ways) for entry in found]


def _row(entry: Entry, names: dict[str, str], ways: dict[str, Link]) -> Row:
    postings = list(entry.postings.all())
    debits = [posting for posting in postings if posting.direction == "DEBIT"]
    return {
        "effective_at": Link(
            localtime(entry.effective_at).strftime("%Y-%m-%d %H:%M"),
            to("entry", entry.public_id),
            drawer=True,
        ),
        "kind": kind_name(entry.kind, names),
        "memo": entry.memo,
        "debit": _accounts(debits),
        "credit": _accounts([posting for posting in postings if posting.direction == "CREDIT"]),
        "amount": total(Money(posting.amount_minor, posting.currency) for posting in debits),
        "origin": ways.get(entry.source),
        "journal": entry.journal.name,
        "source": entry.source,
        "recorded_at": entry.recorded_at,
    }


def _accounts(postings: Sequence[Any]) -> str:
    """Control accounts by name; the party stands in the detail."""
    names = (
        posting.account.parent.name if posting.account.party_id else posting.account.name
        for posting in postings
    )
    return _("、").join(dict.fromkeys(names))


@access(SECTION.policy)
def entry(request: HttpRequest, public_id: UUID) -> HttpResponse:
    detail = queries.entry_detail(public_id=public_id)
    context = {
        "detail": detail,
        "kind": kind_name(detail.entry.kind, rule_names()),
        "may_reverse": reversible(detail=detail),
        "origin": origins([detail.entry.source]).get(detail.entry.source),
        "debit": total(line.debit for line in detail.lines if line.debit),
        "credit": total(line.credit for line in detail.lines if line.credit),
    }
    return page(request, "backoffice/entry.html", SECTION, context)
