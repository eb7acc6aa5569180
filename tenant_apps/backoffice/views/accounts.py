"""科目 and 科目余额表, and the lines behind every figure of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, overload

from django.http import Http404
from django.utils.timezone import localtime
from django.utils.translation import gettext as said
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from billing.ledger import queries
from billing.ledger.enums import AccountKind, Side
from billing.ledger.errors import UnknownAccount
from billing.ledger.queries import LedgerLine, TrialRow
from billing.ledger.queries.chart import AccountRow, accounts, rule_names
from shared_apps.identity.access import access
from shared_apps.kernel.money import Money, total
from tenant_apps.backoffice import sections
from tenant_apps.backoffice.cells import Link, Row, column, link_column
from tenant_apps.backoffice.listing import PER_PAGE, Empty, Filter, Listing
from tenant_apps.backoffice.months import Month
from tenant_apps.backoffice.queries.origins import origins

from .addresses import to
from .journal import kind_name

INDENT = "\u2003"  # a space as wide as a letter is high for each level of the tree


@access(sections.ACCOUNTS.policy)
class Accounts(Listing):
    section = sections.ACCOUNTS
    title = pgettext_lazy("many", "科目")
    lead = _("当前余额，按科目的正常方向列示；带往来单位的科目按单位汇总。")
    export = "office:accounts_export"
    per_page = 200
    columns = (
        link_column("code", _("科目编码")),
        column("name", _("科目名称")),
        column("kind", _("类别")),
        column("normal", _("方向")),
        column("balance", _("当前余额"), "books", unit=_("元")),
        column("floor", _("最低余额"), "books", unit=_("元"), off=True),
        column("active", _("启用"), "flag", off=True),
    )
    filters = (
        Filter("q", _("科目编码、名称")),
        Filter("kind", _("全部类别"), "select", AccountKind.choices),
    )
    empty = Empty(_("还没有建账"), _("开设店铺时会按企业会计准则建立标准科目。"), "list-details")

    def find(self) -> Sequence[AccountRow]:
        text, kind = self.asked.raw("q"), self.asked.raw("kind")
        return [
            row for row in accounts() if text in str(row.account) and kind in ("", row.account.kind)
        ]

    def rows(self, found: Sequence[AccountRow]) -> list[Row]:
        return [
            {
                "code": Link(row.account.code, to("account", row.account.code)),
                "name": INDENT * row.depth + row.account.name,
                "kind": AccountKind(row.account.kind).label,
                "normal": Side(row.account.normal).label,
                "balance": row.balance,
                "floor": Money(row.account.floor_minor)
                if row.account.floor_minor is not None
                else None,
                "active": row.account.active,
            }
            for row in found
        ]

    def more(self) -> Mapping[str, Any]:
        return {"actions": "backoffice/books/_add_account.html"}


@access(sections.TRIAL.policy)
class Trial(Listing):
    section = sections.TRIAL
    title = _("科目余额表")
    export = "office:trial_export"
    per_page = 500
    columns = (
        link_column("code", _("科目编码")),
        column("name", _("科目名称")),
        column("opening_debit", _("期初借方"), "money", unit=_("元")),
        column("opening_credit", _("期初贷方"), "money", unit=_("元")),
        column("debit", _("本期借方"), "money", unit=_("元")),
        column("credit", _("本期贷方"), "money", unit=_("元")),
        column("closing_debit", _("期末借方"), "money", unit=_("元")),
        column("closing_credit", _("期末贷方"), "money", unit=_("元")),
    )
    filters = (
        Filter("month", _("会计期间"), "this_month"),
        Filter("parties", _("往来单位汇总"), "select", [("1", _("展开往来单位"))]),
    )
    empty = Empty(_("这个月还没有发生额"), _("请换一个会计期间。"), "scale")

    def find(self) -> Sequence[TrialRow]:
        return queries.trial_balance(
            period=self.asked.month().period, with_parties=self.asked.raw("parties") == "1"
        ).rows

    def rows(self, found: Sequence[TrialRow]) -> list[Row]:
        month = self.asked.month()
        return [
            {
                "code": Link(
                    row.code if not row.party_id else "…",
                    f"{to('account', row.code)}?month={month}",
                ),
                "name": INDENT * row.depth + row.name,
                "debit": row.debit or None,
                "credit": row.credit or None,
                **_sides("opening", row.opening),
                **_sides("closing", row.closing),
            }
            for row in found
        ]

    def totals(self, found: Any) -> Row:
        top = [row for row in found if row.depth == 0]
        sides = [
            {**_sides("opening", row.opening), **_sides("closing", row.closing)} for row in top
        ]
        sums = {
            key: total(amount for side in sides if (amount := side[key]) is not None)
            for key in ("opening_debit", "opening_credit", "closing_debit", "closing_credit")
        }
        return {
            "debit": total(row.debit for row in top),
            "credit": total(row.credit for row in top),
            **sums,
        }

    def more(self) -> Mapping[str, Any]:
        month = self.asked.month()
        return {
            "lead": said("会计期间 %(month)s。期初、本期、期末的借方合计与贷方合计必定相等。")
            % {"month": month}
        }


def _sides(name: str, debit_less_credit: Money) -> dict[str, Money | None]:
    debit = debit_less_credit if debit_less_credit.minor > 0 else None
    credit = -debit_less_credit if debit_less_credit.minor < 0 else None
    return {f"{name}_debit": debit, f"{name}_credit": credit}


class _Lines(Sequence[LedgerLine]):
    """明细账 as a sequence, so that a paginator reads it a page at a time."""

    def __init__(self, *, code: str, month: Month | None) -> None:
        self.asked: dict[str, Any] = {
            "account": code,
            "since": month.starts_at if month else None,
            "until": month.ends_at if month else None,
        }
        self.head = queries.ledger_lines(**self.asked, per_page=1)

    def __len__(self) -> int:
        return self.head.total

    @overload
    def __getitem__(self, at: int) -> LedgerLine: ...
    @overload
    def __getitem__(self, at: slice) -> list[LedgerLine]: ...
    def __getitem__(self, at: int | slice) -> LedgerLine | list[LedgerLine]:
        if isinstance(at, int):
            return queries.ledger_lines(**self.asked, page=at + 1, per_page=1).lines[0]
        start, stop, _step = at.indices(len(self))
        size = PER_PAGE if start else max(stop, 1)  # pages begin at multiples of their size
        return queries.ledger_lines(**self.asked, page=start // size + 1, per_page=size).lines

    def __iter__(self) -> Iterator[LedgerLine]:
        return iter(self[:])


@access(sections.ACCOUNTS.policy)
class AccountLines(Listing):
    section = sections.ACCOUNTS
    title = _("明细账")
    export = "office:account_export"
    columns = (
        link_column("effective_at", _("业务时间")),
        column("kind", _("类型")),
        column("memo", _("摘要")),
        column("party", _("往来单位")),
        column("debit", _("借方"), "money", unit=_("元")),
        column("credit", _("贷方"), "money", unit=_("元")),
        column("balance", _("余额"), "books", unit=_("元")),
        link_column("origin", _("来源")),
    )
    filters = (Filter("month", _("会计期间"), "month"),)
    empty = Empty(
        _("这个科目没有发生额"), _("请换一个会计期间，或清空期间查看全部。"), "list-details"
    )

    def find(self) -> Sequence[LedgerLine]:
        try:
            self.lines = _Lines(code=self.kwargs["code"], month=self.asked.month_or_none())
        except UnknownAccount as error:
            raise Http404 from error
        return self.lines

    def rows(self, found: Sequence[LedgerLine]) -> list[Row]:
        names = rule_names()
        found = list(found)
        ways = origins(line.source for line in found)
        account = self.lines.head.account
        return [
            {
                "effective_at": Link(
                    localtime(line.effective_at).strftime("%Y-%m-%d %H:%M"),
                    to("entry", line.entry_id),
                    drawer=True,
                ),
                "kind": kind_name(line.kind, names),
                "memo": line.memo,
                "party": line.account_name if line.account_code != account.code else "",
                "debit": line.amount if line.direction == Side.DEBIT else None,
                "credit": line.amount if line.direction == Side.CREDIT else None,
                "balance": line.balance,
                "origin": ways.get(line.source),
            }
            for line in found
        ]

    def more(self) -> Mapping[str, Any]:
        head = self.lines.head
        account, month = head.account, self.asked.month_or_none()
        name = (
            f"{account.parent.name} · {account.name}"
            if account.party_id and account.parent
            else str(account)
        )
        return {
            "title": name,
            "lead": said("余额方向：%(side)s。") % {"side": Side(account.normal).label}
            + (said("期初余额 %(opening)s 元。") % {"opening": head.opening} if month else ""),
            "back": to("trial") + (f"?month={month}" if month else ""),
            "back_label": sections.TRIAL.label,
            "actions": "backoffice/books/_edit_account.html",
            "account": account,
        }
