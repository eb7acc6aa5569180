"""Reading the books: as of any moment, as known then or now."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.ledger import queries, services
from billing.ledger.errors import UnknownAccount, UnknownEntry
from billing.ledger.models import Entry, Period
from shared_apps.kernel.ids import new_id
from shared_apps.kernel.money import Money
from tests.billing.ledger.telling import (
    AT,
    AVAILABLE,
    CHILD,
    CUSTOMER,
    HELD,
    NEIGHBOUR,
    PARENT,
    SUPPLIER,
    event,
)

pytestmark = pytest.mark.usefixtures("books")
DAY = 24 * 60


@pytest.fixture
def told(books: None) -> list[Entry]:
    return services.post_events(
        events=[
            event("recharge", "100.00", "e:1", minutes=-40 * DAY),
            event("recharge", "30.00", "e:2", customer=NEIGHBOUR),
            event("hold", "60.00", "e:3", minutes=1),
            event("consumption", "60.00", "e:4", minutes=2),
            event("purchase", "45.00", "e:5", minutes=3),
            event("supply", "80.00", "e:6", minutes=30 * DAY),
        ]
    )


def test_a_balance_can_be_asked_as_of_any_moment(told: list[Entry]) -> None:
    def at(minutes: int) -> str:
        until = AT + timedelta(minutes=minutes)
        return str(queries.balance(account=AVAILABLE, party=CUSTOMER, effective_until=until))

    assert [at(-41 * DAY), at(-40 * DAY), at(-39 * DAY), at(1), at(2)] == [
        "0.00",
        "0.00",  # half-open: not yet at its own moment
        "100.00",
        "100.00",
        "40.00",
    ]


def test_a_balance_can_be_asked_as_it_was_known(told: list[Entry]) -> None:
    known = told[-1].recorded_at + timedelta(microseconds=1)
    services.post_events(events=[event("recharge", "7.00", "late:1", minutes=-50 * DAY)])
    late = AT - timedelta(days=45)
    assert str(queries.balance(account="1012", effective_until=late)) == "7.00"
    assert (
        queries.balance(account="1012", effective_until=late, recorded_until=known) == Money.zero()
    )
    assert str(queries.trial_balance(recorded_until=known).row("1012").closing) == "130.00"


def test_a_balance_rolls_up_what_stands_under_the_account(told: list[Entry]) -> None:
    assert str(queries.balance(account="2203")) == "70.00"
    assert str(queries.balance(account=AVAILABLE)) == "70.00"
    assert str(queries.balance(account=AVAILABLE, party=NEIGHBOUR)) == "30.00"
    assert queries.balance(account=AVAILABLE, party=SUPPLIER) == Money.zero()
    with pytest.raises(UnknownAccount):
        queries.balance(account="9999")


def test_party_balances_are_on_the_accounts_normal_side(told: list[Entry]) -> None:
    def parties(code: str, include_settled: bool = False) -> list[tuple[str, str]]:
        found = queries.party_balances(account=code, include_settled=include_settled)
        return [(one.id, str(one.balance)) for one in found]

    assert parties("2202") == [(PARENT.id, "45.00")]
    assert parties("1122") == [(CHILD.id, "80.00")]
    assert parties(HELD) == []
    assert parties(HELD, include_settled=True) == [(CUSTOMER.id, "0.00")]


def test_the_trial_balance_of_a_period_has_what_stood_at_its_start(told: list[Entry]) -> None:
    march = queries.trial_balance(period=Period.objects.get(start_date=date(2026, 3, 1)))
    rows = {
        row.code: (str(row.opening), str(row.debit), str(row.credit), str(row.closing))
        for row in march.rows
    }
    assert rows == {
        "1012": ("100.00", "30.00", "0.00", "130.00"),
        "2202": ("0.00", "0.00", "45.00", "-45.00"),
        "2203": ("-100.00", "120.00", "90.00", "-70.00"),
        "220301": ("-100.00", "60.00", "30.00", "-70.00"),
        "220302": ("0.00", "60.00", "60.00", "0.00"),
        "6001": ("0.00", "0.00", "60.00", "-60.00"),
        "6401": ("0.00", "45.00", "0.00", "45.00"),
    }
    assert (str(march.debit()), march.debit(), march.gap()) == (
        "195.00",
        march.credit(),
        Money.zero(),
    )
    assert {row.code: row.depth for row in march.rows}["220301"] == 1
    assert "1122" in {row.code for row in queries.trial_balance().rows}


def test_the_trial_balance_costs_two_queries_and_can_show_parties(told: list[Entry]) -> None:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        queries.trial_balance(at=AT)
    assert len(captured) == 2
    rows = queries.trial_balance(with_parties=True).rows
    assert [(row.code, str(row.closing)) for row in rows if row.code.startswith("220301")] == [
        ("220301", "-70.00"),
        ("220301.customer.c-1", "-40.00"),
        ("220301.customer.c-2", "-30.00"),
    ]


def test_the_lines_of_an_account_run_with_its_balance_from_page_to_page(told: list[Entry]) -> None:
    first = queries.ledger_lines(account=AVAILABLE, per_page=2)
    second = queries.ledger_lines(account=AVAILABLE, per_page=2, page=2)
    assert [
        (line.source, line.direction, str(line.amount), str(line.balance)) for line in first.lines
    ] == [
        ("e:1", "CREDIT", "100.00", "100.00"),
        ("e:2", "CREDIT", "30.00", "130.00"),
    ]
    assert [(line.source, str(line.balance)) for line in second.lines] == [("e:3", "70.00")]
    assert (first.total, first.pages, first.opening) == (3, 2, Money.zero())
    since = queries.ledger_lines(account=AVAILABLE, party=CUSTOMER, since=AT)
    assert (str(since.opening), [str(line.balance) for line in since.lines]) == (
        "100.00",
        ["40.00"],
    )
    assert queries.ledger_lines(account=AVAILABLE, party=SUPPLIER).lines == []


def test_an_entry_shows_its_lines_and_what_reversed_it(told: list[Entry]) -> None:
    reversal = services.reverse(entry=told[5], source="undo:1", at=AT)
    detail = queries.entry_detail(public_id=told[5].public_id)
    assert [(line.account_code, line.debit, line.credit) for line in detail.lines] == [
        ("1122.distributor.d-child", Money.of("80.00"), None),
        ("6001", None, Money.of("80.00")),
    ]
    assert detail.lines[0].control_name == "应收账款"
    assert detail.reversed_by == reversal
    with pytest.raises(UnknownEntry):
        queries.entry_detail(public_id=new_id())


def test_entries_are_found_by_what_they_are(told: list[Entry]) -> None:
    def sources(**by: object) -> list[str]:
        return [entry.source for entry in queries.entries(**by)]  # type: ignore[arg-type]

    assert sources(kind="recharge") == ["e:1", "e:2"]
    assert sources(journal="SETTLEMENT") == ["e:5", "e:6"]
    assert sources(since=AT, until=AT + timedelta(minutes=2)) == ["e:2", "e:3"]
    assert sources(source="e:4") == ["e:4"]
