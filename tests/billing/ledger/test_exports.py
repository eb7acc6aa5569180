"""The exports are judged by a program that knows nothing of ours: hledger."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
from collections import Counter
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command

from billing.ledger import exports, queries, services
from billing.ledger.models import Account
from billing.ledger.parties import Party
from shared_apps.kernel import tenancy
from shared_apps.kernel.money import Money
from tests.billing.ledger.telling import AT, event

hledger_needed = pytest.mark.skipif(
    shutil.which("hledger") is None, reason="hledger is not installed"
)
ODD = Party("CUSTOMER", "c-odd", "=甲  乙: (丙); | 丁, 戊")


def tell() -> None:
    entries = services.post_events(
        events=[
            event("recharge", "1234567.89", "e:1"),
            event("recharge", "0.01", "e:2", customer=ODD, minutes=1),
            event("hold", "99.99", "e:3", minutes=2),
            event("consumption", "33.33", "e:4", minutes=3),
            event("release", "66.66", "e:5", minutes=4),
            event("purchase", "20.00", "e:6", minutes=5),
            event("supply", "30.10", "e:7", minutes=60 * 24),
        ]
    )
    services.reverse(
        entry=entries[6], source="undo:7", at=AT + timedelta(days=2), memo="误记; 见 e:7"
    )


def hledger(journal: str, *arguments: str) -> str:
    return subprocess.run(
        ["hledger", "-f", "-", *arguments],
        input=journal,
        capture_output=True,
        text=True,
        check=True,
        env={"LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"},
    ).stdout


def balances_by_hledger(journal: str) -> dict[str, Money]:
    """Account code → balance, for every account that hledger lists, parents included."""
    rows = csv.reader(
        StringIO(
            hledger(journal, "balance", "--tree", "--no-elide", "--no-total", "-E", "-O", "csv")
        )
    )
    found = {}
    for path, amount in list(rows)[1:]:
        code = path.split(":")[-1].split(" ")[0]
        found[code] = Money.of(amount.replace("CNY", "").replace(",", "").strip())
    return found


@hledger_needed
def test_hledger_accepts_the_books_and_agrees_to_the_fen(books: None) -> None:
    tell()
    journal = "".join(exports.hledger())
    hledger(journal, "check", "--strict")
    hledger(journal, "check", "ordereddates", "accounts", "commodities")
    theirs = {code: money for code, money in balances_by_hledger(journal).items() if money}
    ours = {
        row.code: row.closing
        for row in queries.trial_balance(with_parties=True).rows
        if row.closing
    }
    assert theirs == ours
    assert theirs["220301.customer.c-odd"] == Money(-1)


@hledger_needed
def test_a_planted_fen_is_found_by_hledger(books: None) -> None:
    tell()
    journal = "".join(exports.hledger()).replace("CNY 33.33\n", "CNY 33.34\n", 1)
    with pytest.raises(subprocess.CalledProcessError):
        hledger(journal, "check")


@hledger_needed
def test_sources_and_ids_can_be_asked_for_as_tags(books: None) -> None:
    tell()
    journal = "".join(exports.hledger())
    sources = hledger(journal, "tags", "source", "--values").split()
    assert sorted(sources) == [f"e:{n}" for n in range(1, 8)] + ["undo:7"]
    found = json.loads(hledger(journal, "print", "tag:source=undo:7", "-O", "json"))
    assert len(found) == 1
    assert dict(found[0]["ttags"])["kind"] == "reversal"


def test_the_same_books_give_the_same_bytes(books: None) -> None:
    tell()
    assert list(exports.hledger()) == list(exports.hledger())
    assert list(exports.comma_separated()) == list(exports.comma_separated())


def test_csv_has_a_row_a_posting_and_no_formulas(books: None) -> None:
    tell()
    rows = list(csv.DictReader(StringIO("".join(exports.comma_separated()))))
    sums: Counter[str] = Counter()
    for row in rows:
        sums[row["direction"]] += Money.of(row["amount"]).minor
    assert len(rows) == 16
    assert sums["DEBIT"] == sums["CREDIT"] == queries.trial_balance().debit().minor
    assert {row["account_name"] for row in rows if row["party_id"] == "c-odd"} == {f"'{ODD.name}"}
    assert Account.objects.get(party_id="c-odd").name == ODD.name


def test_a_moment_bounds_the_export(books: None) -> None:
    tell()
    assert sum(text.startswith("    ; source:") for text in exports.hledger(until=AT)) == 0
    day = exports.hledger(until=AT + timedelta(days=1))
    assert sum(text.startswith("    ; source:") for text in day) == 6


def test_the_command_writes_one_distributors_books(real_books: str) -> None:
    with tenancy.enter(real_books):
        tell()
    out = StringIO()
    call_command("export_books", distributor="harbour", format="csv", stdout=out)
    assert len(out.getvalue().splitlines()) == 17
    out = StringIO()
    call_command("export_books", distributor="rival", format="hledger", stdout=out)
    assert "source:" not in out.getvalue()
