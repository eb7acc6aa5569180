"""Every distributor's books, after a busy day, judged by a program that knows nothing of ours."""

from __future__ import annotations

import csv
import shutil
import subprocess
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from billing.ledger.queries import trial_balance
from billing.settlement.proof import prove
from shared_apps.distributors.models import Distributor
from shared_apps.kernel import clock, tenancy
from shared_apps.kernel.money import Money

Cast = dict[str, Distributor]

needs_hledger = pytest.mark.skipif(
    shutil.which("hledger") is None, reason="hledger is not installed"
)


def hledger(journal: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["hledger", "-f", "-", *arguments],
        input=journal,
        capture_output=True,
        text=True,
        check=False,
        env={"LANG": "C.UTF-8", "PATH": "/usr/local/bin:/usr/bin:/bin"},
    )


def exported(slug: str, form: str = "hledger") -> str:
    out = StringIO()
    call_command("export_books", distributor=slug, format=form, stdout=out)
    return out.getvalue()


def by_hledger(journal: str) -> dict[str, Money]:
    """Account code → balance, parents included, of what is not zero."""
    told = hledger(journal, "balance", "--tree", "--no-elide", "--no-total", "-O", "csv")
    assert told.returncode == 0, told.stderr
    found = {}
    for path, amount in list(csv.reader(StringIO(told.stdout)))[1:]:
        code = path.split(":")[-1].split(" ")[0]
        found[code] = Money.of(amount.replace("CNY", "").replace(",", "").strip())
    return {code: money for code, money in found.items() if money}


def by_us(member: Distributor) -> dict[str, Money]:
    with tenancy.enter(member.schema_name):
        rows = trial_balance(with_parties=True).rows
    return {row.code: row.closing for row in rows if row.closing}


@needs_hledger
def test_every_book_passes_and_agrees_account_by_account(busy: Cast) -> None:
    for slug, member in busy.items():
        journal = exported(slug)
        checked = hledger(journal, "check")
        assert checked.returncode == 0, (slug, checked.stderr)
        strictly = hledger(journal, "check", "--strict", "ordereddates")
        assert strictly.returncode == 0, (slug, strictly.stderr)
        ours = by_us(member)
        assert by_hledger(journal) == ours, slug
        # Customers, a payment channel, income, and what is owed above.
        assert {"220301", "220302", "1012", "6001"} < ours.keys()
        assert sum(money.minor for code, money in ours.items() if len(code) == 4) == 0
    with tenancy.owner():
        proof = prove(at=clock.now())
    assert proof.ok, [str(difference) for difference in proof.differences]
    assert proof.in_transit > 0  # rival has not booked


@needs_hledger
def test_a_fen_too_much_is_found_by_hledger(busy: Cast) -> None:
    with tenancy.owner(), connection.cursor() as cursor:
        schema = busy["harbour"].schema_name
        cursor.execute(f'ALTER TABLE "{schema}".ledger_posting DISABLE TRIGGER USER')
        cursor.execute(
            f'UPDATE "{schema}".ledger_posting SET amount_minor = amount_minor + 1 '
            f'WHERE id = (SELECT max(id) FROM "{schema}".ledger_posting)'
        )
    found = hledger(exported("harbour"), "check")
    assert (found.returncode, "CNY -0.01" in found.stderr) == (1, True), found.stderr
    assert hledger(exported("north"), "check").returncode == 0
