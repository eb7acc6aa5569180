"""资产负债表 and 利润表: exact on a small day, and balanced whatever happened."""

from __future__ import annotations

import json
from datetime import date, timedelta

from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.ledger import days, queries, services
from billing.ledger.enums import DEBIT_NORMAL, AccountKind
from billing.ledger.errors import FloorBreached
from billing.ledger.models import Period
from billing.ledger.queries.reports import ReportLine, balance_sheet, income_statement
from shared_apps.kernel.money import Money
from tests.billing.ledger.telling import event

MARCH = Period(start_date=date(2026, 3, 1), end_date=date(2026, 4, 1))
FEBRUARY = Period(start_date=date(2026, 2, 1), end_date=date(2026, 3, 1))
APRIL = days.start_of(date(2026, 4, 1))
CARRIED = [
    {"side": "DEBIT", "account": "6001", "amount": 6000, "currency": "CNY"},
    {"side": "CREDIT", "account": "4103", "amount": 6000, "currency": "CNY"},
]


def told(lines: list[ReportLine], column: int = 0) -> dict[str, str]:
    return {str(line.label): str(line.amounts[column]) for line in lines}


def test_a_small_day(books: None) -> None:
    services.post_events(
        events=[
            event("recharge", "100.00", "a"),
            event("hold", "60.00", "b"),
            event("consumption", "60.00", "c"),
            event("purchase", "45.50", "d"),
        ]
    )
    sheet = balance_sheet(moments=[APRIL, days.start_of(date(2026, 3, 1))])
    found = told(sheet.lines)
    assert found["其他货币资金"] == found["资产总计"] == "100.00"
    assert (found["应付账款"], found["预收账款"]) == ("45.50", "40.00")
    assert found["未结转的损益"] == found["所有者权益合计"] == "14.50"
    assert found["负债和所有者权益总计"] == "100.00"
    assert set(told(sheet.lines, 1).values()) == {"0.00"}

    earned = told(income_statement(periods=[MARCH, FEBRUARY]))
    assert (earned["营业收入"], earned["营业成本"]) == ("60.00", "45.50")
    assert earned["营业利润"] == earned["净利润"] == "14.50"
    assert set(told(income_statement(periods=[FEBRUARY])).values()) == {"0.00"}


def test_what_was_carried_forward_is_still_income(books: None) -> None:
    """The profit of a month is the same before and after it was carried into 本年利润."""
    services.post_events(
        events=[
            event("recharge", "100.00", "a"),
            event("hold", "60.00", "b"),
            event("consumption", "60.00", "c"),
        ]
    )
    before = told(income_statement(periods=[MARCH]))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT public.ledger_post('GENERAL', 'carry_forward', 'carry_forward:2026-03', %s, %s)",
            [APRIL - timedelta(seconds=1), json.dumps(CARRIED)],
        )
    assert queries.balance(account="6001") == Money.zero()
    assert told(income_statement(periods=[MARCH])) == before
    sheet = balance_sheet(moments=[APRIL])
    assert told(sheet.lines)["本年利润"] == "60.00"
    assert "未结转的损益" not in told(sheet.lines)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["recharge", "hold", "release", "consumption", "purchase", "supply"]),
            st.integers(1, 30_000),
        ),
        max_size=15,
    )
)
def test_assets_are_liabilities_and_equity(books: None, steps: list[tuple[str, int]]) -> None:
    with transaction.atomic():
        for number, (kind, minor) in enumerate(steps):
            try:
                with transaction.atomic():
                    services.post_events(
                        events=[event(kind, Money(minor), f"step:{number}", minutes=number)]
                    )
            except FloorBreached:
                continue
        sheet = balance_sheet(moments=[APRIL])
        assert sheet.assets == sheet.claims
        trial = queries.trial_balance(at=APRIL)
        assets = sum(row.closing.minor for row in trial.top if row.kind == AccountKind.ASSET)
        assert sheet.assets[0].minor == assets
        profit = -sum(
            row.closing.minor
            for row in trial.top
            if row.kind in (AccountKind.INCOME, AccountKind.EXPENSE)
        )
        assert income_statement(periods=[MARCH])[-1].amounts[0].minor == profit
        assert {AccountKind.ASSET, AccountKind.EXPENSE} == set(DEBIT_NORMAL)
        transaction.set_rollback(True)
