"""期间与结账 as finance sees it: what to look at first, closing, and the way back."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client

from billing.ledger import days, services
from billing.ledger.enums import PeriodState, VoucherState
from billing.ledger.events import Event
from billing.ledger.models import Entry, Period, Posting, Voucher
from billing.settlement.models import Booking
from shared_apps.audit.models import Record
from shared_apps.distributors.models import Distributor
from shared_apps.identity.enums import Role
from shared_apps.kernel import clock
from shared_apps.kernel.money import Money
from tenant_apps.backoffice.months import Month
from tenant_apps.orders.models import Order
from tests import world
from tests.billing.ledger.telling import event
from tests.conftest import Inside

from .conftest import SignIn
from .test_books import page

LIST = "/office/books/periods/"


@pytest.fixture
def finance(pier: Distributor, sign_in: SignIn) -> Client:
    return sign_in(pier, Role.FINANCE)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    def go(at: datetime) -> None:
        monkeypatch.setattr(clock, "now", lambda: at)

    return go


def this_month() -> Month:
    return Month.of(clock.now())


def close_before(month: Month) -> None:
    """All months of the books before this one."""
    for one in Period.objects.filter(start_date__lt=month.first_day).order_by("start_date"):
        services.close_period(period=one, at=clock.now())


def sale(amount: str, *, at: datetime) -> None:
    told = event("supply", amount, f"test:{amount}")
    services.post_events(events=[Event(told.event, told.source, at, told.parties, told.amounts)])


def test_the_months_are_listed_and_the_next_one_leads_to_its_checks(
    finance: Client, pier: Distributor, inside: Inside
) -> None:
    seen = page(finance.get(LIST))
    assert seen.count("未结账</") >= 12
    with inside(pier):
        first = Period.objects.earliest("start_date")
    assert f"下一个要结账的期间：{first.start_date:%Y-%m}" in seen
    assert f"{LIST}{first.start_date}/" in seen
    listed = page(finance.get(f"{LIST}?state=CLOSED"))
    assert "没有符合条件的记录" in listed
    assert finance.get(f"{LIST}export.csv").status_code == 200


def test_a_month_is_closed_and_opened_again(
    finance: Client, pier: Distributor, inside: Inside
) -> None:
    now = this_month()
    with inside(pier):
        first = Period.objects.earliest("start_date")
        assert first.start_date < now.first_day
        sale("123.45", at=days.start_of(first.start_date) + timedelta(hours=9))
    own = f"{LIST}{first.start_date}/"
    seen = page(finance.get(own))
    assert seen.count("通过</") == 5 and "123.45" in seen
    assert "确认结账" in seen and "反结账" not in seen

    told = page(finance.post(f"{own}close/", follow=True))
    assert f"{first.start_date:%Y-%m} 已结账。" in told
    assert f"结转损益 {first.start_date:%Y-%m}" in told
    with inside(pier):
        entry = Entry.objects.get(kind="carry_forward")
        assert list(
            Posting.objects.filter(entry=entry)
            .order_by("id")
            .values_list("account__code", "direction", "amount_minor")
        ) == [("6001", "DEBIT", 12345), ("4103", "CREDIT", 12345)]
    listed = page(finance.get(LIST))
    assert "123.45" in listed and listed.count("已结账</") >= 1
    assert "结转</" in page(finance.get("/office/books/journal/?kind=carry_forward"))
    assert "提交冲销" not in page(finance.get(f"/office/books/journal/{entry.public_id}/"))

    refused = page(finance.post(f"{own}reopen/", {"reason": ""}, follow=True))
    assert "请填写反结账的原因" in refused
    told = page(finance.post(f"{own}reopen/", {"reason": "漏记运费"}, follow=True))
    assert "已反结账" in told and "确认结账" in told
    with inside(pier):
        assert Period.objects.get(pk=first.pk).state == PeriodState.OPEN
        assert Entry.objects.filter(reverses=entry).count() == 1
        assert Record.objects.get(action="ledger.reopen_period").note == "漏记运费"


def test_what_has_not_ended_or_is_out_of_turn_is_not_closed(
    finance: Client, pier: Distributor, inside: Inside
) -> None:
    now = this_month()
    own = f"{LIST}{now.first_day}/"
    seen = page(finance.get(own))
    assert "现在还不能结账" in seen and "不能结账</" in seen and "确认结账" not in seen
    told = page(finance.post(f"{own}close/", follow=True))
    assert "这个期间还没有过完" in told
    with inside(pier):
        assert not Period.objects.filter(state=PeriodState.CLOSED).exists()
        assert not Entry.objects.filter(kind="carry_forward").exists()


def test_what_is_not_booked_and_what_waits_is_said_before_closing(
    sold: Order,
    finance: Client,
    pier: Distributor,
    inside: Inside,
    later: Callable[[datetime], None],
) -> None:
    now = this_month()
    with inside(pier):
        waiting = Booking.objects.filter(party=pier, booked_at=None).count()
        assert waiting == 2  # the booker has not come yet
        clerk = world.staff(Role.FINANCE)
        for state in (VoucherState.DRAFT, VoucherState.ASKED):
            made = Voucher.objects.create(
                dated=now.first_day, memo="房租", made_by=clerk, made_at=clock.now()
            )
            Voucher.objects.filter(pk=made.pk).update(state=state)
        close_before(now)
    later(now.ends_at + timedelta(days=2))
    own = f"{LIST}{now.first_day}/"
    seen = page(finance.get(own))
    assert f"有 {waiting} 笔上下级往来还没有入账" in seen
    assert "有 1 张凭证还在等人复核" in seen
    assert re.search(rf"/office/books/vouchers/\?from={now.first_day}&", seen)
    assert "确认结账" not in seen
    with inside(pier):
        Voucher.objects.filter(state=VoucherState.ASKED).update(state=VoucherState.DRAFT)
    seen = page(finance.get(own))
    assert "有 2 张凭证草稿" in seen and "确认结账" in seen
    assert "已结账。" in page(finance.post(f"{own}close/", follow=True))
    with inside(pier):
        assert Period.objects.get(start_date=now.first_day).state == PeriodState.CLOSED


def test_months_that_are_missing_are_added(
    finance: Client, pier: Distributor, inside: Inside
) -> None:
    year = this_month().year - 1
    with inside(pier):
        sale("1.00", at=datetime(year, 5, 5, 4, 0, tzinfo=UTC))
    assert "有 12 个月还没有会计期间" in page(finance.get(LIST))
    assert "补齐了 12 个会计期间" in page(finance.post(f"{LIST}add/", follow=True))
    with inside(pier):
        assert Period.objects.filter(start_date__year=year).count() == 12
    assert f"下一个要结账的期间：{year}-01" in page(finance.get(f"{LIST}?year={year}"))


def test_only_what_exists_and_only_finance(
    finance: Client, pier: Distributor, sign_in: SignIn
) -> None:
    for name in ("nothing", "2026-13-01", str(date(1999, 1, 1))):
        assert finance.get(f"{LIST}{name}/").status_code == 404
        assert finance.post(f"{LIST}{name}/close/").status_code == 404
    assert finance.get(f"{LIST}{this_month().first_day}/close/").status_code == 405
    assert sign_in(pier, Role.SALES).get(LIST).status_code == 403


def test_the_profit_of_a_loss_is_shown_in_parentheses(
    finance: Client, pier: Distributor, inside: Inside
) -> None:
    with inside(pier):
        first = Period.objects.earliest("start_date")
        told = event("purchase", "10.00", "loss")
        at = days.start_of(first.start_date) + timedelta(hours=9)
        services.post_events(
            events=[Event(told.event, told.source, at, told.parties, {"amount": Money.of("10.00")})]
        )
        services.close_period(period=first, at=clock.now())
    assert "(10.00)" in page(finance.get(LIST))
