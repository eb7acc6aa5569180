"""The exported books in front of a second judge, beancount, and as vouchers for an accountant's own program."""

from __future__ import annotations

import csv
from collections import defaultdict
from decimal import Decimal
from io import StringIO

from beancount import loader
from beancount.core import data

from billing.ledger.exports import VOUCHER_COLUMNS
from billing.ledger.queries import trial_balance
from shared_apps.distributors.models import Distributor
from shared_apps.kernel import tenancy
from tests.scenarios.test_hledger import exported

Cast = dict[str, Distributor]


def ours(member: Distributor) -> dict[str, Decimal]:
    with tenancy.enter(member.schema_name):
        return {row.code: row.closing.decimal for row in trial_balance().rows if row.closing}


def test_beancount_accepts_every_book_and_agrees(busy: Cast) -> None:
    for slug, member in busy.items():
        entries, errors, _ = loader.load_string(exported(slug, "beancount"))
        assert errors == [], (slug, errors[:3])
        sums: defaultdict[str, Decimal] = defaultdict(Decimal)
        for entry in entries:
            if isinstance(entry, data.Transaction):
                for posting in entry.postings:
                    assert posting.units is not None and posting.units.number is not None
                    for code in posting.account.split(":")[1:]:
                        sums[code] += posting.units.number
        found = {code: total for code, total in sums.items() if total}
        expected = ours(member)
        assert {code: found.get(code) for code in expected} == expected, slug
        assert sum(total for code, total in found.items() if len(code) == 4) == 0


def test_beancount_finds_a_fen_too_much(busy: Cast) -> None:
    book = exported("harbour", "beancount")
    line = next(line for line in book.splitlines() if line.endswith(" CNY") and "  " in line[:3])
    amount = line.split()[-2]
    bent = book.replace(line, line.replace(amount, str(Decimal(amount) + Decimal("0.01"))), 1)
    _, errors, _ = loader.load_string(bent)
    assert ["does not balance" in error.message for error in errors] == [True]


def test_vouchers_balance_one_by_one_and_in_all(busy: Cast) -> None:
    for slug, member in busy.items():
        rows = list(csv.DictReader(StringIO(exported(slug, "vouchers"))))
        assert tuple(rows[0]) == VOUCHER_COLUMNS
        by_voucher: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
        by_account: defaultdict[str, Decimal] = defaultdict(Decimal)
        for row in rows:
            signed = Decimal(row["借方金额"] or 0) - Decimal(row["贷方金额"] or 0)
            by_voucher[row["日期"][:7], row["凭证号"]] += signed
            by_account[row["科目代码"]] += signed
        assert set(by_voucher.values()) == {0}, slug
        numbers = [int(number) for _, number in by_voucher]
        assert numbers == list(range(1, len(numbers) + 1)), slug
        expected = ours(member)
        assert {code: total for code, total in by_account.items() if total} == {
            code: total for code, total in expected.items() if code in by_account
        }, slug
