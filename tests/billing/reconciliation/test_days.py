"""Every kind of difference is found by its amount, settled with a reason, and stays settled."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from billing.ledger.days import start_of
from billing.ledger.models import Entry
from billing.ledger.queries import balance
from billing.payments.gateways.base import BillMissing
from billing.payments.models import MerchantAccount, Payment
from billing.reconciliation import errors, services
from billing.reconciliation.models import ReconciledDay, ReconciledLine
from shared_apps.approvals.models import ApprovalRequest
from shared_apps.approvals.services import decide
from shared_apps.audit.models import Record
from shared_apps.identity import services as identity
from shared_apps.identity.enums import Role
from shared_apps.identity.models import User
from shared_apps.kernel.errors import ProviderError
from tests import world

from .conftest import (
    DAY,
    NEXT,
    NOON,
    Provider,
    differences,
    given_back,
    paid,
    said,
    said_back,
    stranger,
)


def reconciled(account: MerchantAccount) -> ReconciledDay:
    services.start(account=account, day=DAY, at=NEXT)
    return services.run(row=ReconciledDay.objects.get(account=account, day=DAY), at=NEXT)


def second_person() -> User:
    found = User.objects.filter(name="另一位财务").first()
    return found or identity.add_staff(
        name="另一位财务",
        roles=[Role.FINANCE, Role.SUPPORT],
        email="second@harbour.test",
        password=world.PASSWORD,
    )


def approve(line: ReconciledLine, *, approved: bool = True) -> None:
    request = ApprovalRequest.objects.get(subject_id=line.public_id, state="PENDING")
    decide(
        request=request,
        approved=approved,
        by=second_person(),
        reason="已核对" if approved else "请先查渠道",
        digest=request.digest,
        at=NEXT,
    )


def settle(line: ReconciledLine, reason: str = "渠道账单为准") -> ReconciledLine:
    services.adjust(line=line, reason=reason, by=world.staff(Role.FINANCE), at=NEXT)
    approve(line)
    line.refresh_from_db()
    return line


def at_channel() -> str:
    return str(balance(account="1012"))


def test_a_day_on_which_both_agree_is_even(account: MerchantAccount, provider: Provider) -> None:
    payment = paid(account, "100.00")
    refund = given_back(payment, "30.00")
    provider.bills[DAY] = [said(payment), said_back(refund)]
    day = reconciled(account)
    assert (day.state, str(day.ours), str(day.theirs), str(day.gap)) == (
        "BALANCED",
        "70.00",
        "70.00",
        "0.00",
    )
    assert differences() == []
    assert day.lines.count() == 2


def test_what_the_provider_has_and_we_have_not_is_booked_as_a_surplus(
    account: MerchantAccount, provider: Provider
) -> None:
    provider.bills[DAY] = [stranger("12.34")]
    day = reconciled(account)
    assert (day.state, differences()) == ("OPEN", [("PAYMENT", "MISSING_HERE", "12.34", "OPEN")])
    line = settle(ReconciledLine.objects.get())
    assert (line.treatment, line.reason) == ("ADJUSTED", "渠道账单为准")
    assert (at_channel(), str(balance(account="2241"))) == ("12.34", "12.34")
    day.refresh_from_db()
    assert day.state == "BALANCED"


def test_what_we_have_and_the_provider_has_not_is_booked_as_a_shortage(
    account: MerchantAccount, provider: Provider
) -> None:
    paid(account, "50.00")
    provider.bills[DAY] = []
    assert reconciled(account).state == "OPEN"
    assert differences() == [("PAYMENT", "MISSING_THERE", "-50.00", "OPEN")]
    settle(ReconciledLine.objects.get())
    assert (at_channel(), str(balance(account="1221"))) == ("0.00", "50.00")


@pytest.mark.parametrize(
    ("told", "gap", "channel", "other"),
    [("100.01", "0.01", "100.01", ("2241", "0.01")), ("99.00", "-1.00", "99.00", ("1221", "1.00"))],
)
def test_another_amount_is_found_to_the_fen(
    account: MerchantAccount,
    provider: Provider,
    told: str,
    gap: str,
    channel: str,
    other: tuple[str, str],
) -> None:
    provider.bills[DAY] = [said(paid(account, "100.00"), told)]
    reconciled(account)
    assert differences() == [("PAYMENT", "AMOUNT", gap, "OPEN")]
    settle(ReconciledLine.objects.get())
    assert (at_channel(), str(balance(account=other[0]))) == (channel, other[1])


def test_refunds_differ_the_other_way_round(account: MerchantAccount, provider: Provider) -> None:
    payment = paid(account, "100.00")
    ours_only, less = given_back(payment, "10.00"), given_back(payment, "20.00")
    provider.bills[DAY] = [
        said(payment),
        said_back(less, "25.00"),
        stranger("3.00", "P-OTHER", refund=True),
    ]
    reconciled(account)
    assert sorted(differences()) == [
        ("REFUND", "AMOUNT", "-5.00", "OPEN"),
        ("REFUND", "MISSING_HERE", "-3.00", "OPEN"),
        ("REFUND", "MISSING_THERE", "10.00", "OPEN"),
    ]
    assert ours_only.number in ReconciledLine.objects.values_list("request_no", flat=True)
    for line in ReconciledLine.objects.exclude(result="MATCHED"):
        settle(line)
    day = ReconciledDay.objects.get()
    assert at_channel() == str(day.theirs) == "72.00"
    assert day.state == "BALANCED"


def test_the_second_line_of_a_payment_is_money_that_we_have_not(
    account: MerchantAccount, provider: Provider
) -> None:
    payment = paid(account, "100.00")
    provider.bills[DAY] = [said(payment), replace(said(payment), provider_trade_no="T2")]
    reconciled(account)
    assert differences() == [("PAYMENT", "MISSING_HERE", "100.00", "OPEN")]


def test_a_payment_at_midnight_is_found_on_the_other_day_and_settled_on_both(
    account: MerchantAccount, provider: Provider
) -> None:
    last = start_of(DAY) + timedelta(days=1) - timedelta(microseconds=1)
    payment = paid(account, "100.00", last)
    provider.bills[DAY] = []
    provider.bills[DAY + timedelta(days=1)] = [said(payment, at=last + timedelta(seconds=1))]
    first = reconciled(account)
    assert differences() == [("PAYMENT", "MISSING_THERE", "-100.00", "OPEN")]
    later = NEXT + timedelta(days=1)
    second = services.start(account=account, day=DAY + timedelta(days=1), at=later)
    services.run(row=second, at=later)
    assert differences() == [("PAYMENT", "DAY", "0.00", "OPEN")] * 2
    line = second.lines.get()
    with pytest.raises(errors.NothingToMove):
        services.adjust(line=line, reason="跨日", by=world.staff(Role.FINANCE), at=later)
    services.explain(line=line, reason="零点前后到账", by=world.staff(Role.FINANCE), at=later)
    assert differences() == [("PAYMENT", "DAY", "0.00", "EXPLAINED")] * 2
    assert set(ReconciledDay.objects.values_list("state", flat=True)) == {"BALANCED"}
    # again, in the other order: nothing comes back
    services.run(row=first, at=later)
    assert differences() == [("PAYMENT", "DAY", "0.00", "EXPLAINED")] * 2


def test_the_day_is_chinas(account: MerchantAccount, provider: Provider) -> None:
    first = paid(account, "1.00", start_of(DAY))
    paid(account, "2.00", start_of(DAY) - timedelta(microseconds=1))
    paid(account, "4.00", start_of(DAY) + timedelta(days=1))
    provider.bills[DAY] = [said(first)]
    day = reconciled(account)
    assert (day.state, str(day.ours)) == ("BALANCED", "1.00")


def test_a_payment_that_the_books_have_otherwise_is_no_match(
    account: MerchantAccount, provider: Provider
) -> None:
    payment = paid(account, "100.00")
    Payment.objects.filter(pk=payment.pk).update(amount_minor=9000)
    payment.refresh_from_db()
    provider.bills[DAY] = [said(payment)]
    reconciled(account)
    assert [(kind, result) for kind, result, *_ in differences()] == [("PAYMENT", "BOOKS")]
    assert ReconciledLine.objects.get().booked_minor == 10000
    with pytest.raises(errors.BooksFirst):
        services.adjust(
            line=ReconciledLine.objects.get(), reason="调", by=world.staff(Role.FINANCE), at=NEXT
        )


def test_the_days_fees_are_booked_by_their_rule(
    account: MerchantAccount, provider: Provider
) -> None:
    payment = paid(account, "100.00")
    refund = given_back(payment, "50.00")
    provider.bills[DAY] = [said(payment, fee="0.60"), said_back(refund, fee="-0.30")]
    day = reconciled(account)
    assert (day.state, str(day.fee)) == ("OPEN", "0.30")
    assert differences() == [("FEE", "FEE", "-0.30", "OPEN")]
    line = settle(ReconciledLine.objects.get(kind="FEE"), "当日手续费")
    entry = Entry.objects.get(source=f"reconciliation:{line.public_id}")
    assert entry.kind == "channel_fee"
    assert (at_channel(), str(balance(account="6603"))) == ("49.70", "0.30")


def test_one_person_moves_no_money(account: MerchantAccount, provider: Provider) -> None:
    provider.bills[DAY] = [stranger("12.34")]
    reconciled(account)
    line = ReconciledLine.objects.get()
    services.adjust(line=line, reason="长款", by=world.staff(Role.FINANCE), at=NEXT)
    assert differences() == [("PAYMENT", "MISSING_HERE", "12.34", "ASKED")]
    assert at_channel() == "0.00"
    with pytest.raises(errors.NotOpen):
        services.adjust(line=line, reason="再来", by=world.staff(Role.FINANCE), at=NEXT)
    approve(line, approved=False)
    assert differences() == [("PAYMENT", "MISSING_HERE", "12.34", "OPEN")]
    assert at_channel() == "0.00"
    assert ReconciledDay.objects.get().state == "OPEN"


@pytest.mark.parametrize("reason", ["", "   "])
def test_nothing_is_settled_without_a_reason(
    account: MerchantAccount, provider: Provider, reason: str
) -> None:
    provider.bills[DAY] = [stranger("1.00")]
    reconciled(account)
    for way in (services.explain, services.adjust):
        with pytest.raises(errors.ReasonNeeded):
            way(
                line=ReconciledLine.objects.get(),
                reason=reason,
                by=world.staff(Role.FINANCE),
                at=NEXT,
            )
    assert differences() == [("PAYMENT", "MISSING_HERE", "1.00", "OPEN")]


def test_a_repeated_run_changes_open_lines_only(
    account: MerchantAccount, provider: Provider
) -> None:
    payment = paid(account, "100.00")
    provider.bills[DAY] = [
        said(payment, "90.00", fee="0.60"),
        stranger("1.00"),
        stranger("2.00", "P-2"),
    ]
    reconciled(account)
    settle(ReconciledLine.objects.get(number="P-STRANGER"))
    settle(ReconciledLine.objects.get(kind="FEE"))
    entries = Entry.objects.count()
    # the provider corrects its bill: one amount is right now, one stranger is gone
    provider.bills[DAY] = [said(payment, fee="0.60"), stranger("1.00")]
    day = reconciled(account)
    assert sorted(differences()) == [
        ("FEE", "FEE", "-0.60", "ADJUSTED"),
        ("PAYMENT", "MISSING_HERE", "1.00", "ADJUSTED"),
    ]
    assert (day.state, Entry.objects.count()) == ("BALANCED", entries)
    assert ReconciledDay.objects.count() == 1


def test_a_bill_that_is_not_there_yet_is_asked_for_again(
    account: MerchantAccount, provider: Provider
) -> None:
    payment = paid(account, "100.00")
    assert services.run_due(at=NEXT - timedelta(hours=1)) == []  # before bills are ready
    (day,) = services.run_due(at=NEXT)
    assert (day.state, day.attempts, day.next_try_at) == (
        "WAITING",
        1,
        NEXT + timedelta(minutes=30),
    )
    assert services.run_due(at=NEXT + timedelta(minutes=29)) == []
    provider.bills[DAY] = [said(payment)]
    (day,) = services.run_due(at=NEXT + timedelta(minutes=30))
    assert (day.state, day.attempts) == ("BALANCED", 2)
    assert services.run_due(at=NEXT + timedelta(hours=2)) == []
    assert provider.asked == 2


def test_a_day_without_movements_needs_no_bill(
    account: MerchantAccount, provider: Provider
) -> None:
    (day,) = services.run_due(at=NEXT)
    assert (day.state, day.lines.count()) == ("BALANCED", 0)


def test_after_a_day_of_trying_a_person_is_asked(
    account: MerchantAccount, provider: Provider
) -> None:
    provider.fault = ProviderError(permanent=False, detail="渠道没有应答")
    at = NEXT
    for _ in range(60):
        services.run_due(at=at)
        at += timedelta(minutes=30)
        if ReconciledDay.objects.get(day=DAY).state == "FAILED":
            break
    day = ReconciledDay.objects.get(day=DAY)
    assert (day.state, day.attempts, day.trouble) == ("FAILED", 48, "渠道没有应答")
    assert Record.objects.filter(action="reconciliation.no_bill").count() >= 48


def test_today_is_not_over(account: MerchantAccount, provider: Provider) -> None:
    with pytest.raises(errors.DayNotOver):
        services.start(account=account, day=DAY, at=NOON)
    assert not ReconciledDay.objects.exists()


def test_a_missing_bill_is_an_ordinary_thing_to_say() -> None:
    assert str(BillMissing(day=DAY)).endswith("。")
