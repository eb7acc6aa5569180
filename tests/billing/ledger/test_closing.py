"""结账: what is carried forward, in which order periods close, and the way back."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.ledger import days, queries, services
from billing.ledger.chart import RULES
from billing.ledger.enums import DEBIT_NORMAL, AccountKind, PeriodState, VoucherState
from billing.ledger.errors import ClosingRefused, FloorBreached, PeriodClosed, VoucherRefused
from billing.ledger.events import Event
from billing.ledger.models import Entry, Period, Posting, Voucher
from billing.ledger.queries.periods import carried, missing_months, next_to_close, periods
from billing.ledger.queries.reports import balance_sheet, income_statement
from shared_apps.audit.models import Record
from shared_apps.kernel import tenancy
from shared_apps.kernel.money import Money
from tests import world
from tests.billing.ledger.telling import AT, CUSTOMER, NEIGHBOUR, event, judge, written

NOW = datetime(2026, 4, 20, 4, 0, tzinfo=UTC)
AFTER = datetime(2027, 1, 5, 4, 0, tzinfo=UTC)
JANUARY = datetime(2026, 1, 10, 4, 0, tzinfo=UTC)


def month(number: int, year: int = 2026) -> Period:
    return Period.objects.get(start_date=date(year, number, 1))


def close(*numbers: int, at: datetime = NOW) -> None:
    for number in numbers:
        services.close_period(period=month(number), at=at)


def sale(amount: str, cost: str, source: str, *, at: datetime = AT) -> list[Entry]:
    """Sold to a child for `amount`, bought from the parent for `cost`."""
    told = []
    for kind, money in (("supply", amount), ("purchase", cost)):
        one = event(kind, money, f"{source}/{kind}")
        told.append(Event(one.event, one.source, at, one.parties, one.amounts))
    return services.post_events(events=told)


def standing(code: str, *, before: date | None = None) -> Money:
    return queries.balance(account=code, effective_until=days.start_of(before) if before else None)


def lines_of(source: str) -> list[tuple[str, str, int]]:
    found = Posting.objects.filter(entry__source=source).order_by("id")
    return list(found.values_list("account__code", "direction", "amount_minor"))


@pytest.mark.usefixtures("books")
def test_income_and_expense_of_a_month_are_carried_into_the_profit_by_one_entry() -> None:
    sale("100.00", "70.00", "a")
    sale("50.00", "20.00", "b")
    close(1, 2, 3)
    judge()
    assert lines_of("carry_forward:2026-03") == [
        ("6001", "DEBIT", 15000),
        ("6401", "CREDIT", 9000),
        ("4103", "CREDIT", 6000),
    ]
    (entry,) = Entry.objects.filter(kind="carry_forward")
    assert days.day_of(entry.effective_at) == date(2026, 3, 31)
    assert entry.facts["profit"] == [6000, "CNY"]
    assert (standing("6001"), standing("6401"), standing("4103")) == (
        Money(0),
        Money(0),
        Money.of("60.00"),
    )
    assert month(3).state == PeriodState.CLOSED and month(4).state == PeriodState.OPEN
    note = Record.objects.filter(action="ledger.close_period").latest("id")
    assert note.after is not None and note.after["profit"] == "60.00"


@pytest.mark.usefixtures("books")
def test_a_loss_is_carried_as_a_debit_and_nothing_makes_no_entry() -> None:
    sale("10.00", "70.00", "a")
    close(1, 2, 3)
    assert lines_of("carry_forward:2026-03")[-1] == ("4103", "DEBIT", 6000)
    assert Entry.objects.filter(kind="carry_forward").count() == 1  # none for January and February


@pytest.mark.usefixtures("books")
def test_what_is_even_is_carried_without_a_line_of_profit() -> None:
    sale("70.00", "70.00", "a")
    close(1, 2, 3)
    assert [code for code, _side, _minor in lines_of("carry_forward:2026-03")] == ["6001", "6401"]


@pytest.mark.usefixtures("books")
def test_closing_again_changes_nothing() -> None:
    sale("100.00", "70.00", "a")
    close(1, 2, 3)
    before = written()
    close(3)
    assert written() == before
    assert month(3).closings == 1


@pytest.mark.usefixtures("books")
def test_earlier_months_close_first_and_none_before_its_end() -> None:
    sale("100.00", "70.00", "a")
    before = written()
    with pytest.raises(ClosingRefused, match="2026-01"):
        close(3)
    close(1, 2, 3)
    assert next_to_close() == month(4)
    with pytest.raises(ClosingRefused, match="还没有过完"):
        close(4)
    assert written()[0] == before[0] + 1
    assert month(4).state == PeriodState.OPEN


@pytest.mark.usefixtures("books")
def test_days_with_entries_that_belong_to_no_period_are_not_passed_over() -> None:
    sale("100.00", "70.00", "old", at=datetime(2025, 12, 31, 4, 0, tzinfo=UTC))
    with pytest.raises(ClosingRefused, match="补齐"):
        close(1)
    assert len(missing_months(at=NOW)) == 12
    assert services.add_months(at=NOW) == 12
    assert services.add_months(at=NOW) == 0
    with pytest.raises(ClosingRefused, match="2025-01"):
        close(1)
    for one in periods(year=2025).reverse():
        services.close_period(period=one, at=NOW)
    assert (standing("4103"), standing("4104")) == (Money(0), Money.of("30.00"))
    close(1)


@pytest.mark.usefixtures("books")
def test_a_voucher_that_waits_for_a_second_person_holds_the_closing_up() -> None:
    voucher = Voucher.objects.create(
        dated=date(2026, 1, 5), memo="房租", made_by=world.staff("FINANCE"), made_at=AT
    )
    Voucher.objects.update(state=VoucherState.ASKED)
    with pytest.raises(ClosingRefused, match="1 张凭证"):
        close(1)
    assert month(1).state == PeriodState.OPEN
    Voucher.objects.filter(pk=voucher.pk).update(state=VoucherState.DRAFT)
    close(1)


@pytest.mark.usefixtures("books")
def test_the_end_of_a_year_takes_its_profit_on_and_opens_the_next_years_months() -> None:
    sale("100.00", "70.00", "a", at=JANUARY)
    sale("20.00", "5.00", "b", at=datetime(2026, 12, 31, 15, 59, tzinfo=UTC))
    sale("1.00", "0.50", "c", at=datetime(2026, 12, 31, 16, 0, tzinfo=UTC))  # 2027 in China
    close(*range(1, 13), at=AFTER)
    judge()
    assert lines_of("carry_forward:2026-12") == [
        ("6001", "DEBIT", 2000),
        ("6401", "CREDIT", 500),
        ("4103", "CREDIT", 1500),
    ]
    assert lines_of("carry_forward:year-2026") == [
        ("4103", "DEBIT", 4500),
        ("4104", "CREDIT", 4500),
    ]
    assert (standing("4103"), standing("4104")) == (Money(0), Money.of("45.00"))
    assert (standing("6001"), standing("6401")) == (Money.of("1.00"), Money.of("0.50"))
    assert periods(year=2027).count() == 12

    services.reopen_period(period=month(12), reason="漏记运费")
    judge()
    assert (standing("4103"), standing("4104")) == (Money.of("30.00"), Money(0))
    assert standing("6001", before=date(2027, 1, 1)) == Money.of("20.00")
    close(12, at=AFTER)
    assert lines_of("carry_forward:year-2026:2") == [
        ("4103", "DEBIT", 4500),
        ("4104", "CREDIT", 4500),
    ]
    assert standing("4104") == Money.of("45.00")


@pytest.mark.usefixtures("books")
def test_opening_again_restores_what_stood_and_takes_a_reason() -> None:
    sale("100.00", "70.00", "a")
    close(1, 2)
    stood = {code: standing(code) for code in ("6001", "6401", "4103", "1122", "2202")}
    close(3)
    with pytest.raises(ClosingRefused, match="原因"):
        services.reopen_period(period=month(3), reason=" ")
    with pytest.raises(ClosingRefused, match="2026-03"):
        services.reopen_period(period=month(2), reason="不是最后一期")
    assert month(3).state == month(2).state == PeriodState.CLOSED
    services.reopen_period(period=month(3), reason="漏记运费")
    judge()
    assert {code: standing(code) for code in stood} == stood
    assert {code: standing(code, before=date(2026, 4, 1)) for code in stood} == stood
    assert carried(among=[month(3)]) == {}
    assert Record.objects.get(action="ledger.reopen_period").note == "漏记运费"

    before = written()
    services.reopen_period(period=month(3), reason="再按一次")
    assert written() == before

    sale("8.00", "1.00", "late")
    close(3)
    assert lines_of("carry_forward:2026-03:2") == [
        ("6001", "DEBIT", 10800),
        ("6401", "CREDIT", 7100),
        ("4103", "CREDIT", 3700),
    ]
    (standing_now,) = carried(among=[month(3)])[month(3).pk]
    assert standing_now.source == "carry_forward:2026-03:2"


@pytest.mark.usefixtures("books")
def test_a_late_fact_lands_in_the_open_month_and_keeps_its_own_time() -> None:
    sale("100.00", "70.00", "a")
    close(1, 2, 3)
    supply, purchase = sale("8.00", "1.00", "late")
    for entry in (supply, purchase):
        assert entry.effective_at == days.start_of(date(2026, 4, 1))
        assert entry.happened_at == AT
    assert standing("6001", before=date(2026, 4, 1)) == Money(0)
    assert (standing("6001"), standing("4103")) == (Money.of("8.00"), Money.of("30.00"))
    with pytest.raises(PeriodClosed):
        services.post_events(
            events=[
                Event("gift", "g", AT, {"customer": CUSTOMER}, {"gifted": Money(1)}, exact=True)
            ]
        )


@pytest.mark.usefixtures("books")
def test_reports_say_the_same_before_closing_after_it_and_after_opening_again() -> None:
    sale("100.00", "70.00", "a")
    sale("5.00", "4.00", "b", at=JANUARY)
    close(1, 2)

    def reported() -> tuple[list[tuple[str, tuple[Money, ...]]], tuple[Money, ...]]:
        lines = income_statement(periods=[month(1), month(3)])
        sheet = balance_sheet(moments=[days.start_of(date(2026, 4, 1))])
        assert sheet.assets == sheet.claims
        return [(str(line.label), line.amounts) for line in lines], sheet.assets

    before = reported()
    assert ("净利润", (Money.of("1.00"), Money.of("30.00"))) in before[0]
    close(3)
    assert reported() == before
    services.reopen_period(period=month(3), reason="漏记运费")
    assert reported() == before


@pytest.mark.usefixtures("books")
def test_what_closing_made_is_not_reversed_by_hand() -> None:
    sale("100.00", "70.00", "a")
    close(1, 2, 3)
    entry = Entry.objects.get(kind="carry_forward")
    with pytest.raises(VoucherRefused, match="反结账"):
        services.ask_reversal(entry=entry, reason="试试", at=NOW, by=world.staff("FINANCE"))
    assert not Voucher.objects.exists()


@pytest.mark.usefixtures("books")
def test_a_period_barred_and_opened_by_state_alone_carries_nothing() -> None:
    sale("100.00", "70.00", "a")
    services.set_period_state(period=month(3), state=PeriodState.CLOSED)
    services.set_period_state(period=month(3), state=PeriodState.OPEN)
    assert not Entry.objects.filter(kind="carry_forward").exists()
    close(1, 2, 3)
    services.set_period_state(period=month(3), state=PeriodState.OPEN)
    sale("8.00", "1.00", "late")
    close(3)
    assert standing("4103") == Money.of("37.00")
    services.reopen_period(period=month(3), reason="全部退回")
    assert (standing("4103"), standing("6001")) == (Money(0), Money.of("108.00"))


KINDS = sorted({rule.event for rule in RULES if rule.amount == "amount"})
STEPS = st.lists(
    st.tuples(
        st.sampled_from([*KINDS, *["close"] * 10, *["reopen"] * 3]),
        st.integers(min_value=1, max_value=300),
        st.sampled_from([CUSTOMER, NEIGHBOUR]),
        st.integers(min_value=0, max_value=110),  # days since 1 January
    ),
    max_size=16,
)


@pytest.mark.usefixtures("books")
@given(steps=STEPS)
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_whatever_happened_a_closed_period_has_no_result_left_and_its_sheet_balances(
    steps: list[tuple[str, int, object, int]],
) -> None:
    with transaction.atomic():
        for number, (kind, minor, customer, day) in enumerate(steps):
            closed = periods(state="CLOSED").first()
            if kind == "close":
                one = next_to_close()
                assert one is not None
                if one.end_date <= days.day_of(NOW):
                    services.close_period(period=one, at=NOW)
            elif kind == "reopen":
                if closed is not None:
                    services.reopen_period(period=closed, reason="试")
            else:
                told = event(kind, Money(minor), f"step:{number}", customer=customer)  # type: ignore[arg-type]
                at = days.start_of(date(2026, 1, 1)) + timedelta(days=day, hours=9)
                try:
                    services.post_events(
                        events=[Event(kind, told.source, at, told.parties, told.amounts)]
                    )
                except FloorBreached:
                    continue
            judge()
            for one in periods(state="CLOSED"):
                _assert_closed_is_even(days.start_of(one.end_date))
            _assert_sheet_balances(None)
        transaction.set_rollback(True)


def _assert_closed_is_even(until: datetime) -> None:
    rows = queries.trial_balance(at=until).top
    result = [row for row in rows if row.kind in (AccountKind.INCOME, AccountKind.EXPENSE)]
    assert [row.code for row in result if row.closing] == []
    _assert_sheet_balances(until)


def _assert_sheet_balances(until: datetime | None) -> None:
    rows = queries.trial_balance(at=until).top
    debits = sum(row.closing.minor for row in rows if row.kind in DEBIT_NORMAL)
    credits = sum(-row.closing.minor for row in rows if row.kind not in DEBIT_NORMAL)
    assert debits == credits


def test_a_closing_waits_for_the_entry_under_way_and_carries_it(real_books: str) -> None:
    closed = threading.Event()

    def finance() -> None:
        with tenancy.enter(real_books):
            close(1, 2, 3)
            closed.set()
        connection.close()

    closing = threading.Thread(target=finance)
    with tenancy.enter(real_books):
        with transaction.atomic():
            sale("100.00", "70.00", "a")
            closing.start()
            assert not closed.wait(0.5), "The period closed over entries that were not committed."
        closing.join(timeout=30)
        assert closed.is_set()
        assert lines_of("carry_forward:2026-03")[-1] == ("4103", "CREDIT", 3000)
        assert standing("6001") == Money(0)


def test_closing_in_the_middle_of_many_entries_leaves_none_behind(real_books: str) -> None:
    """What was in time is carried, what was late counts from April: nothing is lost in between."""
    start = threading.Barrier(5)

    def seller(number: int) -> None:
        with tenancy.enter(real_books):
            start.wait(timeout=30)
            for n in range(12):
                sale("1.00", "0.40", f"{number}:{n}")
        connection.close()

    def finance() -> None:
        with tenancy.enter(real_books):
            start.wait(timeout=30)
            close(1, 2, 3)
        connection.close()

    threads = [threading.Thread(target=seller, args=(n,)) for n in range(4)]
    threads.append(threading.Thread(target=finance))
    for one in threads:
        one.start()
    for one in threads:
        one.join(timeout=60)
    with tenancy.enter(real_books):
        assert standing("6001", before=date(2026, 4, 1)) == Money(0)
        assert standing("6401", before=date(2026, 4, 1)) == Money(0)
        late = Entry.objects.filter(kind="supply", happened_at__isnull=False).count()
        assert standing("6001") == Money(100 * late)
        assert standing("4103") == Money(60 * 48) - (standing("6001") - standing("6401"))
        assert month(3).state == PeriodState.CLOSED
