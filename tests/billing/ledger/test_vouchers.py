"""Vouchers and reversals by hand: one writes, another agrees, the books are told once."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import DatabaseError, transaction

from billing.ledger import days, queries, services
from billing.ledger.enums import PeriodState, VoucherState
from billing.ledger.errors import (
    AlreadyReversed,
    PeriodClosed,
    VoucherMoved,
    VoucherRefused,
)
from billing.ledger.models import Entry, Period, Voucher
from billing.ledger.services.vouchers import VoucherLine
from shared_apps.approvals.errors import OwnRequest
from shared_apps.approvals.models import ApprovalRequest
from shared_apps.approvals.services import decide
from shared_apps.identity import services as identity
from shared_apps.identity.enums import Role
from shared_apps.identity.models import User
from shared_apps.kernel.money import Money
from tests import world
from tests.billing.ledger.telling import AT, event, judge, written

pytestmark = pytest.mark.usefixtures("books")

LINES: list[VoucherLine] = [
    {"side": "DEBIT", "account": "6602", "amount": 12050},
    {"side": "CREDIT", "account": "1002", "amount": 12050},
]
DAY = date(2026, 3, 9)


@pytest.fixture
def clerk(books: None) -> User:
    return world.staff(Role.FINANCE)


@pytest.fixture
def second(books: None) -> User:
    return identity.add_staff(
        name="财务乙", roles=[Role.FINANCE], email="second@example.com", password=world.PASSWORD
    )


def draft(by: User, lines: list[VoucherLine] = LINES) -> Voucher:
    return services.save_voucher(voucher=None, dated=DAY, memo="付房租", lines=lines, at=AT, by=by)


def answer(by: User, *, approved: bool = True) -> None:
    request = ApprovalRequest.objects.get(state="PENDING")
    decide(request=request, approved=approved, by=by, reason="已核对", digest=request.digest, at=AT)


def test_a_voucher_is_posted_when_a_second_person_agrees(clerk: User, second: User) -> None:
    voucher = services.ask_voucher(voucher=draft(clerk), by=clerk)
    assert Entry.objects.count() == 0
    request = ApprovalRequest.objects.get()
    assert request.title == "手工凭证：付房租"
    assert ["借", "6602 管理费用 ¥120.50"] in request.facts
    with pytest.raises(OwnRequest):
        answer(clerk)
    assert Entry.objects.count() == 0
    answer(second)
    judge()
    voucher.refresh_from_db()
    entry = voucher.entry
    assert entry is not None
    assert (voucher.state, voucher.decided_by) == (VoucherState.POSTED, second)
    assert (entry.kind, entry.journal.code) == ("adjustment", "ADJUSTMENT")
    assert (entry.source, entry.effective_at) == (
        f"voucher:{voucher.public_id}",
        days.start_of(DAY),
    )
    assert str(queries.balance(account="6602")) == "120.50"


def test_what_is_not_approved_is_not_posted(clerk: User, second: User) -> None:
    voucher = services.ask_voucher(voucher=draft(clerk), by=clerk)
    answer(second, approved=False)
    voucher.refresh_from_db()
    assert (voucher.state, voucher.reason) == (VoucherState.REJECTED, "已核对")
    assert Entry.objects.count() == 0


def test_a_voucher_taken_back_is_a_draft_again(clerk: User) -> None:
    voucher = services.ask_voucher(voucher=draft(clerk), by=clerk)
    with pytest.raises(VoucherMoved):
        services.save_voucher(voucher=voucher, dated=DAY, memo="改", lines=LINES, at=AT, by=clerk)
    services.take_back(voucher=voucher, at=AT)
    assert not ApprovalRequest.objects.filter(state="PENDING").exists()
    changed = services.save_voucher(
        voucher=voucher, dated=DAY, memo="改", lines=LINES, at=AT, by=clerk
    )
    assert (changed.state, changed.memo) == (VoucherState.DRAFT, "改")
    services.discard_voucher(voucher=changed)
    assert not Voucher.objects.exists()


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (LINES[:1], "至少需要一借一贷"),
        ([LINES[0], {**LINES[1], "amount": 12049}], "借方减贷方为 0.01 元"),
        ([LINES[0], {**LINES[1], "account": "9999"}], "第 2 行：科目不存在"),
        ([LINES[0], {**LINES[1], "account": "2202"}], "须选到往来单位"),
        ([LINES[0], {**LINES[1], "account": "2203"}], "有下级科目"),
        ([{**LINES[0], "amount": -1}, LINES[1]], "第 1 行"),
    ],
)
def test_lines_that_could_not_be_posted_are_not_asked_for(
    clerk: User, lines: list[VoucherLine], said: str
) -> None:
    voucher = draft(clerk, lines)
    with pytest.raises(VoucherRefused, match=said):
        services.ask_voucher(voucher=voucher, by=clerk)
    voucher.refresh_from_db()
    assert voucher.state == VoucherState.DRAFT
    assert not ApprovalRequest.objects.exists()


def test_customers_money_is_not_moved_by_hand(clerk: User) -> None:
    (entry,) = services.post_events(events=[event("recharge", "10.00", "payment:1")])
    lines: list[VoucherLine] = [
        {"side": "DEBIT", "account": "220301.customer.c-1", "amount": 100},
        {"side": "CREDIT", "account": "6301", "amount": 100},
    ]
    with pytest.raises(VoucherRefused, match="客户的钱"):
        services.ask_voucher(voucher=draft(clerk, lines), by=clerk)
    with pytest.raises(VoucherRefused, match="客户的钱"):
        services.ask_reversal(entry=entry, reason="误记", at=AT, by=clerk)


def test_a_closed_day_takes_no_voucher_not_even_one_closed_meanwhile(
    clerk: User, second: User
) -> None:
    voucher = services.ask_voucher(voucher=draft(clerk), by=clerk)
    other = draft(clerk)
    for month in (1, 2, 3):
        services.set_period_state(
            period=Period.objects.get(start_date__month=month), state=PeriodState.CLOSED
        )
    with pytest.raises(PeriodClosed):
        services.ask_voucher(voucher=other, by=clerk)
    before = written()
    with pytest.raises(PeriodClosed), transaction.atomic():
        answer(second)
    voucher.refresh_from_db()
    assert (voucher.state, written()) == (VoucherState.ASKED, before)


def test_an_entry_is_reversed_by_two_people_and_once(clerk: User, second: User) -> None:
    (entry,) = services.post_events(events=[event("commission_income", "10.00", "c:1")])
    voucher = services.ask_reversal(entry=entry, reason="误记", at=AT, by=clerk)
    with pytest.raises(AlreadyReversed):
        services.ask_reversal(entry=entry, reason="误记", at=AT, by=clerk)
    answer(second)
    judge()
    voucher.refresh_from_db()
    assert voucher.entry is not None
    assert (voucher.entry.reverses, voucher.entry.memo) == (entry, "误记")
    assert queries.balance(account="6051") == Money.zero()
    with pytest.raises(AlreadyReversed):
        services.ask_reversal(entry=entry, reason="误记", at=AT, by=clerk)


def test_a_reversal_that_is_taken_back_can_be_asked_for_again(clerk: User) -> None:
    (entry,) = services.post_events(events=[event("commission_income", "10.00", "c:1")])
    services.take_back(
        voucher=services.ask_reversal(entry=entry, reason="误记", at=AT, by=clerk), at=AT
    )
    again = services.ask_reversal(
        entry=entry, reason="确实误记", at=AT + timedelta(days=1), by=clerk
    )
    assert again.state == VoucherState.ASKED


def test_what_was_asked_for_is_fixed_in_the_database(clerk: User) -> None:
    voucher = services.ask_voucher(voucher=draft(clerk), by=clerk)
    for change in (
        lambda: Voucher.objects.filter(pk=voucher.pk).update(lines=[]),
        lambda: Voucher.objects.filter(pk=voucher.pk).delete(),
    ):
        with pytest.raises(DatabaseError) as refused, transaction.atomic():
            change()
        assert refused.value.__cause__.sqlstate == "23L05"  # type: ignore[union-attr]
