"""The books for other programs, streamed, the same bytes for the same books."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import datetime

from shared_apps.kernel.money import Money
from shared_apps.kernel.spreadsheets import neutral

from . import days, queries
from .enums import AccountKind, Side
from .models import Account, Entry

_CHUNK = 500
_TYPES = {
    AccountKind.ASSET: "A",
    AccountKind.LIABILITY: "L",
    AccountKind.EQUITY: "E",
    AccountKind.INCOME: "R",
    AccountKind.EXPENSE: "X",
}
CSV_COLUMNS = (
    "entry_id", "source", "kind", "journal", "effective_at", "recorded_at", "reverses", "memo",
    "account", "account_name", "party_kind", "party_id", "direction", "amount", "currency",
)  # fmt: skip


def _one_line(text: str) -> str:
    """What hledger reads as one word group: no double spaces, no signs with a meaning of their own."""
    plain = text.replace(":", "：").replace(";", "；").replace(",", "，").replace("|", "｜")
    return re.sub(r"\s+", " ", plain).strip()


class _Paths:
    """Account id → its path of `code name`, looked up once."""

    def __init__(self) -> None:
        self.accounts = {account.pk: account for account in Account.objects.order_by("code")}

    def path(self, account_id: int) -> str:
        names = []
        at: int | None = account_id
        while at is not None:
            account = self.accounts[at]
            names.append(f"{account.code} {_one_line(account.name)}".strip())
            at = account.parent_id
        return ":".join(reversed(names))


def hledger(
    *, until: datetime | None = None, recorded_until: datetime | None = None
) -> Iterator[str]:
    """An hledger journal, line by line: commodities, accounts and every entry with its ids as tags."""
    paths = _Paths()
    for currency in sorted({account.currency for account in paths.accounts.values()}):
        yield f"commodity {currency} 1000.00\n"
    for pk, account in paths.accounts.items():
        yield f"account {paths.path(pk)}  ; type: {_TYPES[AccountKind(account.kind)]}\n"
    for entry in _entries(until, recorded_until):
        yield f"\n{days.day_of(entry.effective_at)} * {_one_line(entry.memo) or entry.kind}\n"
        yield f"    ; source: {entry.source.replace(',', '%2C')}\n"
        yield f"    ; entry: {entry.public_id}\n"
        yield f"    ; kind: {_one_line(entry.kind)}\n"
        yield f"    ; effective: {entry.effective_at.isoformat()}\n"
        yield f"    ; recorded: {entry.recorded_at.isoformat()}\n"
        if entry.reverses:
            yield f"    ; reverses: {entry.reverses.public_id}\n"
        for posting in entry.postings.all():
            money = Money(posting.amount_minor, posting.currency)
            signed = money if posting.direction == Side.DEBIT else -money
            yield f"    {paths.path(posting.account_id)}  {signed.currency} {signed}\n"


def comma_separated(
    *, until: datetime | None = None, recorded_until: datetime | None = None
) -> Iterator[str]:
    """One row a posting; cells that a spreadsheet would take for a formula are quoted."""
    writer = csv.writer(_Echo())
    yield writer.writerow(CSV_COLUMNS)
    for entry in _entries(until, recorded_until):
        for posting in entry.postings.all():
            account = posting.account
            yield writer.writerow(
                neutral(cell)
                for cell in (
                    str(entry.public_id),
                    entry.source,
                    entry.kind,
                    entry.journal.code,
                    entry.effective_at.isoformat(),
                    entry.recorded_at.isoformat(),
                    str(entry.reverses.public_id) if entry.reverses else "",
                    entry.memo,
                    account.code,
                    account.name,
                    account.party_kind,
                    account.party_id,
                    posting.direction,
                    str(Money(posting.amount_minor)),
                    posting.currency,
                )
            )


_ROOTS = {
    AccountKind.ASSET: "Assets",
    AccountKind.LIABILITY: "Liabilities",
    AccountKind.EQUITY: "Equity",
    AccountKind.INCOME: "Income",
    AccountKind.EXPENSE: "Expenses",
}
_LONG_AGO = "1970-01-01"


def beancount(
    *, until: datetime | None = None, recorded_until: datetime | None = None
) -> Iterator[str]:
    """A beancount file. Accounts are named by their codes, since names there know no spaces; ours
    stands beside each as metadata."""
    accounts = {account.pk: account for account in Account.objects.order_by("code")}

    def path(account_id: int) -> str:
        codes = []
        at: int | None = account_id
        kind = accounts[account_id].kind
        while at is not None:
            codes.append(re.sub(r"[^A-Za-z0-9-]", "-", accounts[at].code))
            at = accounts[at].parent_id
        return ":".join([_ROOTS[AccountKind(kind)], *reversed(codes)])

    for currency in sorted({account.currency for account in accounts.values()}):
        yield f'option "operating_currency" "{currency}"\n'
    for pk, account in accounts.items():
        yield f"{_LONG_AGO} open {path(pk)} {account.currency}\n"
        yield f"  name: {_quoted(account.name)}\n"
    for entry in _entries(until, recorded_until):
        yield f"\n{days.day_of(entry.effective_at)} * {_quoted(entry.memo or entry.kind)}\n"
        yield f"  source: {_quoted(entry.source)}\n"
        yield f"  entry: {_quoted(str(entry.public_id))}\n"
        if entry.reverses:
            yield f"  reverses: {_quoted(str(entry.reverses.public_id))}\n"
        for posting in entry.postings.all():
            money = Money(posting.amount_minor, posting.currency)
            signed = money if posting.direction == Side.DEBIT else -money
            yield f"  {path(posting.account_id)}  {signed} {signed.currency}\n"


def _quoted(text: str) -> str:
    plain = re.sub(r"\s+", " ", text).strip()
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


VOUCHER_COLUMNS = (
    "日期", "凭证字", "凭证号", "附件数", "分录序号", "摘要", "科目代码", "科目名称", "借方金额",
    "贷方金额", "币别", "汇率", "核算项目类别", "核算项目代码", "核算项目名称", "业务单据",
)  # fmt: skip
_ITEMS = {
    "CUSTOMER": "客户",
    "DISTRIBUTOR": "往来单位",
    "SUPPLIER": "供应商",
    "CHANNEL": "银行账户",
}


def vouchers(
    *, until: datetime | None = None, recorded_until: datetime | None = None
) -> Iterator[str]:
    """One row a posting in the columns that Kingdee's and Yonyou's voucher imports share: numbered
    anew each month, a party as an accounting item under its control account."""
    writer = csv.writer(_Echo())
    yield writer.writerow(VOUCHER_COLUMNS)
    month, number = "", 0
    for entry in _entries(until, recorded_until):
        day = days.day_of(entry.effective_at)
        number = number + 1 if f"{day:%Y%m}" == month else 1
        month = f"{day:%Y%m}"
        for position, posting in enumerate(entry.postings.all(), start=1):
            account = posting.account
            control = account.parent if account.party_id and account.parent else account
            amount = str(Money(posting.amount_minor, posting.currency))
            debit = posting.direction == Side.DEBIT
            yield writer.writerow(
                neutral(cell)
                for cell in (
                    day.isoformat(),
                    "记",
                    str(number),
                    "0",
                    str(position),
                    entry.memo or entry.kind,
                    control.code,
                    control.name,
                    amount if debit else "",
                    "" if debit else amount,
                    posting.currency,
                    "1",
                    _ITEMS.get(account.party_kind, ""),
                    account.party_id,
                    account.name if account.party_id else "",
                    entry.source,
                )
            )


FORMATS = {
    "hledger": hledger,
    "beancount": beancount,
    "csv": comma_separated,
    "vouchers": vouchers,
}


def _entries(until: datetime | None, recorded_until: datetime | None) -> Iterator[Entry]:
    return queries.entries(until=until, recorded_until=recorded_until).iterator(chunk_size=_CHUNK)


class _Echo:
    """A file that gives back what is written to it, so that csv can be streamed."""

    def write(self, text: str) -> str:
        return text
