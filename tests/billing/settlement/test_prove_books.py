"""The command that proves the books: what it prints, and the status that a script goes by."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from shared_apps.distributors.models import Distributor
from shared_apps.kernel import clock, tenancy
from shared_apps.kernel.money import Money
from tenant_apps.orders.models import Order
from tenant_apps.orders.services import lines, paying
from tests import world
from tests.own_processes import environment
from tests.sandbox_process import ROOT

Cast = dict[str, Distributor]


def told(**options: object) -> dict[str, object]:
    """The command's last word, as JSON."""
    out = StringIO()
    call_command("prove_books", as_json=True, stdout=out, **options)
    found: dict[str, object] = json.loads(out.getvalue())
    return found


@pytest.fixture
def order(committed: None, cast: Cast) -> Order:
    """A machine sold at pier; only harbour has booked its part."""
    with tenancy.enter(cast["pier"].schema_name):
        who = world.customer()
        world.recharge(who, Money.of("1000"))
        order = world.place(who, world.a_choice())
        paying.pay_from_balance(order=order, at=clock.now())
        lines.opened(line=order.lines.get(), at=clock.now())
    assert world.book_all({"harbour": cast["harbour"]}) == 2
    return order


def test_it_says_what_was_proved(order: Order, cast: Cast) -> None:
    found = told()
    assert (found["ok"], found["difference_minor"], found["differences"]) == (True, 0, [])
    assert (found["distributors"], found["obligations"], found["in_transit"]) == (5, 4, 5)
    before = told(at=(clock.now() - timedelta(days=1)).isoformat())
    assert (before["ok"], before["obligations"], before["entries"]) == (True, 0, 0)
    world.book_all(cast)
    assert told()["in_transit"] == 0
    out = StringIO()
    call_command("prove_books", stdout=out)
    assert "4 笔往来" in out.getvalue()
    assert "分毫不差" in out.getvalue()
    with pytest.raises(CommandError):
        call_command("prove_books", at="gestern")


def test_the_status_tells_a_script(order: Order, cast: Cast) -> None:
    """In a process of its own, as a script runs it: 0, and 1 with the first difference."""

    def prove() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), "prove_books"],
            env=environment(),
            cwd=ROOT,
            text=True,
            capture_output=True,
            check=False,
        )

    good = prove()
    assert (good.returncode, "账目有差异" in good.stdout) == (0, False), good.stderr
    with tenancy.owner(), connection.cursor() as cursor:
        cursor.execute("UPDATE public.settlement_obligation SET amount_minor = amount_minor + 1")
    bad = prove()
    assert (bad.returncode, "账目有差异" in bad.stdout) == (1, True), bad.stderr
    assert "相差 -0.01 元" in bad.stdout
    with pytest.raises(SystemExit) as ended:
        told()
    assert ended.value.code == 1
