"""The books for other programs: an hledger journal and CSV, streamed, the same bytes for the same books."""

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


FORMATS = {"hledger": hledger, "csv": comma_separated}


def _entries(until: datetime | None, recorded_until: datetime | None) -> Iterator[Entry]:
    return queries.entries(until=until, recorded_until=recorded_until).iterator(chunk_size=_CHUNK)


class _Echo:
    """A file that gives back what is written to it, so that csv can be streamed."""

    def write(self, text: str) -> str:
        return text
