"""资产负债表 and 利润表, out of the same sums as the trial balance.

Which account stands in which line is data: a line takes the accounts whose codes begin with its
prefixes; accounts that a distributor added elsewhere fall into the last line of their kind, so that
nothing is ever left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db import connection
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from billing.ledger import days
from billing.ledger.enums import DEBIT_NORMAL, AccountKind
from billing.ledger.models import Period
from shared_apps.kernel.money import Money, total

from .periods import CARRIED
from .trial import TrialRow, trial_balance


@dataclass(frozen=True, slots=True)
class ReportLine:
    """`code` is of one account, whose lines can be looked up; a sum has none."""

    label: str | Promise
    amounts: tuple[Money, ...]
    code: str = ""
    depth: int = 0
    is_sum: bool = False


@dataclass(frozen=True, slots=True)
class BalanceSheet:
    """Amounts of each line: at each of the moments asked for."""

    lines: list[ReportLine]
    assets: tuple[Money, ...]
    claims: tuple[Money, ...]  # liabilities and equity


def balance_sheet(
    *, moments: Sequence[datetime], recorded_until: datetime | None = None
) -> BalanceSheet:
    """What we have and what we owe before each of `moments`. Two queries a moment.

    Income and expense that were not carried forward yet stand in equity as one line.
    """
    tops = [
        {row.code: row for row in trial_balance(at=at, recorded_until=recorded_until).top}
        for at in moments
    ]
    lines: list[ReportLine] = []
    sums: dict[AccountKind, tuple[Money, ...]] = {}
    for kind, title in (
        (AccountKind.ASSET, _("资产总计")),
        (AccountKind.LIABILITY, _("负债合计")),
        (AccountKind.EQUITY, _("所有者权益合计")),
    ):
        own = [
            ReportLine(name, _amounts(code, tops), code, depth=1)
            for code, name in _accounts(kind, tops)
        ]
        if kind == AccountKind.EQUITY:
            running = tuple(_profit(rows) for rows in tops)
            if any(running):
                own.append(ReportLine(_("未结转的损益"), running, depth=1))
        sums[kind] = _added([line.amounts for line in own], len(moments))
        lines += [*own, ReportLine(title, sums[kind], is_sum=True)]
    claims = _added([sums[AccountKind.LIABILITY], sums[AccountKind.EQUITY]], len(moments))
    lines.append(ReportLine(_("负债和所有者权益总计"), claims, is_sum=True))
    return BalanceSheet(lines, sums[AccountKind.ASSET], claims)


class Item(NamedTuple):
    """A line of the income statement: `sign` 1 adds to the profit, −1 takes away."""

    label: str | Promise
    sign: int
    kind: AccountKind
    prefixes: tuple[str, ...]


class Sum(NamedTuple):
    """The profit down to here."""

    label: str | Promise


_IN, _OUT = AccountKind.INCOME, AccountKind.EXPENSE
INCOME_STATEMENT: tuple[Item | Sum, ...] = (
    Item(_("营业收入"), 1, _IN, ("6001", "6051")),
    Item(_("营业成本"), -1, _OUT, ("6401", "6402")),
    Item(_("税金及附加"), -1, _OUT, ("6403",)),
    Item(_("销售费用"), -1, _OUT, ("6601",)),
    Item(_("管理费用"), -1, _OUT, ("6602",)),
    Item(_("财务费用"), -1, _OUT, ("6603",)),
    Item(_("其他收益"), 1, _IN, ("",)),
    Sum(_("营业利润")),
    Item(_("营业外收入"), 1, _IN, ("6301",)),
    Item(_("营业外支出"), -1, _OUT, ("6711",)),
    Item(_("其他费用"), -1, _OUT, ("",)),
    Sum(_("利润总额")),
    Item(_("所得税费用"), -1, _OUT, ("6801",)),
    Sum(_("净利润")),
)


def income_statement(
    *, periods: Sequence[Period], recorded_until: datetime | None = None
) -> list[ReportLine]:
    """What was earned and spent in each of `periods`, before any of it was carried forward."""
    moved = [_moved(period, recorded_until) for period in periods]
    lines: list[ReportLine] = []
    running = (Money.zero(),) * len(periods)
    for item in INCOME_STATEMENT:
        if isinstance(item, Sum):
            lines.append(ReportLine(item.label, running, is_sum=True))
            continue
        amounts = tuple(_of_item(item, rows) for rows in moved)
        if item.prefixes == ("",) and not any(amounts):
            continue
        running = tuple(
            before + amount if item.sign > 0 else before - amount
            for before, amount in zip(running, amounts, strict=True)
        )
        code = item.prefixes[0] if len(item.prefixes) == 1 else ""
        lines.append(ReportLine(item.label, amounts, code, depth=1))
    return lines


def _accounts(kind: AccountKind, tops: Sequence[Mapping[str, TrialRow]]) -> list[tuple[str, str]]:
    found = {row.code: row.name for rows in tops for row in rows.values() if row.kind == kind}
    return sorted(found.items())


def _amounts(code: str, tops: Sequence[Mapping[str, TrialRow]]) -> tuple[Money, ...]:
    return tuple(_normal(rows[code]) if code in rows else Money.zero() for rows in tops)


def _normal(row: TrialRow) -> Money:
    return row.closing if row.kind in DEBIT_NORMAL else -row.closing


def _profit(rows: Mapping[str, TrialRow]) -> Money:
    minor = sum(row.closing.minor for row in rows.values() if row.kind in (_IN, _OUT))
    return Money(-minor)


def _added(parts: Sequence[tuple[Money, ...]], width: int) -> tuple[Money, ...]:
    return tuple(total(part[at] for part in parts) for at in range(width))


def _moved(period: Period, recorded_until: datetime | None) -> dict[str, tuple[str, int]]:
    """Code → kind, and what was posted in the period less what was carried forward; credits less debits."""
    carried = _carried(period, recorded_until)
    found: dict[str, tuple[str, int]] = {}
    for row in trial_balance(period=period, recorded_until=recorded_until).rows:
        if row.kind in (_IN, _OUT):
            below = row.children
            own_credit = row.credit_minor - sum(child.credit_minor for child in below)
            own_debit = row.debit_minor - sum(child.debit_minor for child in below)
            found[row.code] = (row.kind, own_credit - own_debit - carried.get(row.code, 0))
    return found


def _carried(period: Period, recorded_until: datetime | None) -> dict[str, int]:
    """Code → credits less debits of carry-forwards in the period, and of what reversed them."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT coalesce(c.code, a.code),
                   sum(CASE p.direction WHEN 'CREDIT' THEN p.amount_minor ELSE -p.amount_minor END)
              FROM ledger_entry e
              LEFT JOIN ledger_entry o ON o.id = e.reverses_id
              JOIN ledger_posting p ON p.entry_id = e.id
              JOIN ledger_account a ON a.id = p.account_id
              LEFT JOIN ledger_account c ON c.id = a.parent_id AND a.party_id <> ''
             WHERE coalesce(o.kind, e.kind) = %(carried)s
               AND e.effective_at >= %(since)s AND e.effective_at < %(until)s
               AND (%(recorded)s::timestamptz IS NULL OR e.recorded_at < %(recorded)s)
             GROUP BY 1
            """,
            {
                "carried": CARRIED,
                "since": days.start_of(period.start_date),
                "until": days.start_of(period.end_date),
                "recorded": recorded_until,
            },
        )
        return {code: int(minor) for code, minor in cursor.fetchall()}


_NAMED = tuple(
    prefix
    for item in INCOME_STATEMENT
    if isinstance(item, Item)
    for prefix in item.prefixes
    if prefix
)


def _of_item(item: Item, moved: Mapping[str, tuple[str, int]]) -> Money:
    minor = 0
    for code, (kind, amount) in moved.items():
        if kind != item.kind:
            continue
        named = code.startswith(_NAMED)
        if code.startswith(item.prefixes) if item.prefixes != ("",) else not named:
            minor += amount
    return Money(minor * (1 if item.kind == _IN else -1))
