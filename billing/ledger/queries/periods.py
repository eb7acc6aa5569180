"""The days of the books: which are closed, what was carried forward, and what stands in the way of closing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from django.db.models import Min, QuerySet
from django.utils.translation import gettext as _

from billing.ledger import days
from billing.ledger.enums import AccountKind, PeriodState, VoucherState
from billing.ledger.errors import ClosingRefused, UnknownPeriod
from billing.ledger.models import Account, Entry, Period, Voucher
from shared_apps.kernel.money import Money, total

from .sums import sums

CARRIED = "carry_forward"
PROFIT, RETAINED = "4103", "4104"  # 本年利润, 利润分配


def periods(*, year: int | None = None, state: str = "") -> QuerySet[Period]:
    """Newest first."""
    found = Period.objects.order_by("-start_date")
    if year is not None:
        found = found.filter(start_date__year=year)
    if state:
        found = found.filter(state=state)
    return found


def years() -> list[int]:
    """Of the periods, newest first."""
    return [
        start.year for start in Period.objects.dates("start_date", "year", order="DESC") if start
    ]


def period_from(*, start: date) -> Period:
    found = Period.objects.filter(start_date=start).first()
    if found is None:
        raise UnknownPeriod
    return found


def name_of(period: Period) -> str:
    """ "2026-03" of a whole month; the first day of anything else."""
    whole = (period.start_date, period.end_date) in days.months_of(period.start_date.year)
    return f"{period.start_date:%Y-%m}" if whole else str(period.start_date)


def ends_a_year(period: Period) -> bool:
    return (period.end_date.month, period.end_date.day) == (1, 1)


def sources(*, period: Period, closing: int) -> tuple[str, str]:
    """Of the entries that the n-th closing of a period makes: of its result, and of its year's."""
    again = f":{closing}" if closing > 1 else ""
    year = period.end_date.year - 1
    return f"{CARRIED}:{name_of(period)}{again}", f"{CARRIED}:year-{year}{again}"


def carried(*, among: Sequence[Period]) -> dict[int, list[Entry]]:
    """The entries that carry forward what was earned in periods, by period, as far as they were not
    reversed. One query.
    """
    told = {
        source: period.pk
        for period in among
        for closing in range(1, period.closings + 1)
        for source in sources(period=period, closing=closing)
    }
    found: dict[int, list[Entry]] = {}
    for entry in Entry.objects.filter(source__in=told, reversals=None).order_by("id"):
        found.setdefault(told[entry.source], []).append(entry)
    return found


def profit_of(entries: Sequence[Entry]) -> Money:
    """What the closings of a period carried into the year's profit, out of its entries."""
    return total(
        Money(*entry.facts["profit"])
        for entry in entries
        if not entry.source.startswith(f"{CARRIED}:year-")
    )


def result_lines(*, until: datetime) -> tuple[list[dict[str, object]], Money]:
    """The lines that take every account of income and expense back to nothing as of `until`, and
    what remains: the profit. What was closed before stands at nothing already.
    """
    own = Account.objects.get(code=PROFIT).currency
    accounts = {
        account.pk: account
        for account in Account.objects.filter(kind__in=(AccountKind.INCOME, AccountKind.EXPENSE))
    }
    lines: list[dict[str, object]] = []
    profit = 0
    moved = sums(accounts=list(accounts), effective_until=until)
    for pk in sorted(moved, key=lambda pk: accounts[pk].code):
        account, (debit, credit) = accounts[pk], moved[pk]
        if debit == credit:
            continue
        if account.currency != own:
            raise ClosingRefused(
                reason=_("科目“%(name)s”以%(currency)s记账，请先用凭证结平。")
                % {"name": account.name, "currency": account.currency}
            )
        lines.append(line(account.code, debit - credit, own))
        profit += credit - debit
    if profit:
        lines.append(line(PROFIT, profit, own))
    return lines, Money(profit, own)


def year_lines(*, until: datetime) -> tuple[list[dict[str, object]], Money]:
    """The lines that take the year's profit to 利润分配 as of `until`, and the profit."""
    account = Account.objects.get(code=PROFIT)
    debit, credit = sums(accounts=[account.pk], effective_until=until).get(account.pk, (0, 0))
    profit, own = credit - debit, account.currency
    lines = [line(PROFIT, -profit, own), line(RETAINED, profit, own)] if profit else []
    return lines, Money(profit, own)


def line(code: str, credit: int, currency: str) -> dict[str, object]:
    """A credit, or a debit if it is less than nothing."""
    side = "CREDIT" if credit > 0 else "DEBIT"
    return {"side": side, "account": code, "amount": abs(credit), "currency": currency}


def latest_closed() -> Period | None:
    return Period.objects.filter(state=PeriodState.CLOSED).order_by("-start_date").first()


def next_to_close() -> Period | None:
    """The earliest open one after all that is closed."""
    return Period.objects.filter(state=PeriodState.OPEN).order_by("start_date").first()


def waiting_vouchers(*, period: Period) -> QuerySet[Voucher]:
    """Drafts, and those that a second person has not decided on, dated in the period."""
    return Voucher.objects.filter(
        state__in=(VoucherState.DRAFT, VoucherState.ASKED),
        dated__gte=period.start_date,
        dated__lt=period.end_date,
    )


def obstacle(*, period: Period, at: datetime) -> str:
    """Why a period cannot be closed, in a sentence; empty if it can."""
    if reason := out_of_turn(period=period, at=at):
        return reason
    asked = waiting_vouchers(period=period).filter(state=VoucherState.ASKED).count()
    if asked:
        return _("有 %(n)s 张凭证还在等人复核，请先复核或撤回。") % {"n": asked}
    return ""


def out_of_turn(*, period: Period, at: datetime) -> str:
    """Why it is not this period's turn; empty if it is."""
    if period.end_date > days.day_of(at):
        return _("这个期间还没有过完，过完才能结账。")
    earlier = (
        Period.objects.filter(state=PeriodState.OPEN, end_date__lte=period.start_date)
        .order_by("start_date")
        .first()
    )
    if earlier is not None:
        return _("请先结更早的期间：%(period)s。") % {"period": name_of(earlier)}
    if any(
        Entry.objects.filter(effective_at__gte=since, effective_at__lt=until).exists()
        for since, until in _outside(period)
    ):
        return _("更早的日子里有分录，却不属于任何会计期间，请先补齐会计期间。")
    return ""


def _outside(period: Period) -> Iterator[tuple[datetime, datetime]]:
    """The stretches before a period that belong to none."""
    since = days.start_of(date(1970, 1, 1))
    for earlier in Period.objects.filter(end_date__lte=period.start_date).order_by("start_date"):
        if days.start_of(earlier.start_date) > since:
            yield since, days.start_of(earlier.start_date)
        since = days.start_of(earlier.end_date)
    if days.start_of(period.start_date) > since:
        yield since, days.start_of(period.start_date)


def missing_months(*, at: datetime) -> list[tuple[date, date]]:
    """Months without a period, of the years from the first entry until now. Two queries."""
    began = Entry.objects.aggregate(first=Min("effective_at"))["first"] or at
    until = days.day_of(at).year
    kept = list(Period.objects.values_list("start_date", "end_date"))
    return [
        (start, end)
        for year in range(min(days.day_of(began).year, until), until + 1)
        for start, end in days.months_of(year)
        if not any(since < end and start < till for since, till in kept)
    ]


def last_moment(period: Period) -> datetime:
    return days.start_of(period.end_date) - timedelta(microseconds=1)
