"""Money in lots: used in the stated order, given back to where it came from, expired on its day, never overdrawn."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from billing.balances.errors import HoldNotActive, ReturnTooLarge
from billing.balances.models import Hold, Lot, LotUse
from billing.balances.queries import CustomerBalance, balance_of, statement_of, usable_lots
from billing.balances.services import holds, lots
from billing.ledger import queries as books
from billing.ledger.errors import FloorBreached, NotReversible, UnmatchedEvent
from billing.ledger.models import Entry
from billing.ledger.services import reverse
from shared_apps.distributors.models import Distributor
from shared_apps.kernel.ids import new_id
from shared_apps.kernel.money import Money
from shared_apps.outbox.models import Delivery
from tenant_apps.customers.models import Customer
from tests import world
from tests.billing.balances.purses import AT, GIFTED, PAID, PROMO, fill, hold, judge, party, used
from tests.conftest import Inside


@pytest.fixture
def who(db: None, harbour: Distributor, inside: Inside) -> Iterator[Customer]:
    with inside(harbour):
        who = world.customer()
        yield who
        judge(who)


def refund(subject: object, amount: str, source: str = "refund:1") -> dict[str, Money]:
    return holds.undo_capture(
        subject_id=subject,  # type: ignore[arg-type]
        amount=Money.of(amount),
        event="consumption_refund",
        source=source,
        at=AT,
        memo="退款",
    )


def spend(who: Customer, amount: str) -> object:
    subject = hold(who, amount)
    holds.capture(subject_id=subject, event="consumption", at=AT, memo="订单")
    return subject


def test_promotional_money_goes_before_gifted_before_paid(who: Customer) -> None:
    fill(who, PAID, "100.00")
    fill(who, GIFTED, "20.00")
    fill(who, PROMO, "5.00", days=40)
    late = fill(who, PROMO, "5.00", days=50)
    soon = fill(who, PROMO, "5.00", days=10)
    subject = hold(who, "36.00")
    assert used(subject, "HOLD") == [
        ("PROMO", "5.00"),
        ("PROMO", "5.00"),
        ("PROMO", "5.00"),
        ("GIFTED", "20.00"),
        ("PAID", "1.00"),
    ]
    first = LotUse.objects.filter(hold__subject_id=subject).order_by("id")
    assert [first[0].lot_id, first[2].lot_id] == [soon.pk, late.pk]


def test_the_balance_has_its_parts(who: Customer) -> None:
    at = AT.replace(year=2099)  # not over by the clock of the database
    fill(who, PAID, "100.00")
    fill(who, GIFTED, "20.00", at=at)
    fill(who, PROMO, "5.00", at=at)
    hold(who, "8.00", at=at)
    balance = balance_of(customer_id=who.public_id)
    assert balance == CustomerBalance(
        Money.of("117.00"), Money.of("8.00"), gifted=Money.of("17.00"), promo=Money.zero()
    )
    assert balance.paid == Money.of("100.00")
    kinds = [(lot.kind, str(lot.left)) for lot in usable_lots(customer_id=who.public_id)]
    assert kinds == [("GIFTED", "17.00"), ("PAID", "100.00")]


def test_what_does_not_suffice_leaves_nothing_behind(who: Customer) -> None:
    fill(who, PAID, "10.00")
    fill(who, PROMO, "5.00")
    with pytest.raises(FloorBreached):
        hold(who, "15.01")
    assert not Hold.objects.exists()
    assert not LotUse.objects.filter(way="HOLD").exists()
    assert not Entry.objects.filter(kind="hold").exists()


def test_two_parts_of_one_hold_never_take_the_same_fen(who: Customer) -> None:
    fill(who, PROMO, "5.00")
    fill(who, PAID, "5.00")
    parts = [(new_id(), Money.of("4.00")), (new_id(), Money.of("4.00"))]
    holds.place(customer=party(who), parts=parts, at=AT, memo="订单")
    assert [used(subject, "HOLD") for subject, _ in parts] == [
        [("PROMO", "4.00")],
        [("PROMO", "1.00"), ("PAID", "3.00")],
    ]


def test_the_money_paid_for_an_order_goes_before_any_other(who: Customer) -> None:
    fill(who, PROMO, "50.00")
    own = fill(who, PAID, "30.00")
    subject = new_id()
    holds.place(
        customer=party(who),
        parts=[(subject, Money.of("30.00"))],
        at=AT,
        memo="订单",
        first=[own.origin_id],
    )
    assert used(subject, "HOLD") == [("PAID", "30.00")]


def test_given_money_is_never_paid_out(who: Customer) -> None:
    fill(who, PROMO, "50.00")
    fill(who, PAID, "30.00")
    with pytest.raises(FloorBreached):
        holds.place(
            customer=party(who),
            parts=[(new_id(), Money.of("30.01"))],
            at=AT,
            memo="退款",
            only_paid=True,
        )
    given = hold(who, "10.00")
    with (
        pytest.raises(UnmatchedEvent),
        transaction.atomic(),
    ):  # the books have no rule for it either
        holds.capture(subject_id=given, event="bank_payout", at=AT, memo="提现")
    assert Hold.objects.get(subject_id=given).state == "HELD"


def test_what_is_released_returns_to_its_lots(who: Customer) -> None:
    fill(who, PROMO, "5.00")
    fill(who, PAID, "10.00")
    subject = hold(who, "8.00")
    holds.release(subject_id=subject, at=AT, memo="未开通")
    assert (
        used(subject, "RELEASE") == used(subject, "HOLD") == [("PROMO", "5.00"), ("PAID", "3.00")]
    )
    with pytest.raises(HoldNotActive):
        holds.release(subject_id=subject, at=AT, memo="又一次")
    with pytest.raises(HoldNotActive):
        holds.capture(subject_id=subject, event="consumption", at=AT, memo="又一次")


def test_consumption_is_income_whatever_money_paid_it(who: Customer) -> None:
    """What was given was an expense when it was given; spent, it is income like any other."""
    before = books.balance(account="6001"), books.balance(account="6601")
    fill(who, GIFTED, "20.00")
    fill(who, PAID, "30.00")
    spend(who, "45.00")
    income, expense = books.balance(account="6001"), books.balance(account="6601")
    assert (income - before[0], expense - before[1]) == (Money.of("45.00"), Money.of("20.00"))


def test_a_refund_returns_to_the_lots_it_came_from_the_last_used_first(who: Customer) -> None:
    fill(who, PROMO, "10.00")
    fill(who, GIFTED, "10.00")
    fill(who, PAID, "10.00")
    subject = spend(who, "25.00")
    assert refund(subject, "7.00") == {"amount": Money.of("5.00"), "gifted": Money.of("2.00")}
    assert refund(subject, "18.00", "refund:2") == {
        "gifted": Money.of("8.00"),
        "promo": Money.of("10.00"),
    }
    assert [lot.left_minor for lot in Lot.objects.order_by("id")] == [1000, 1000, 1000]
    with pytest.raises(ReturnTooLarge):
        refund(subject, "0.01", "refund:3")


def test_a_lot_expires_once_and_its_rest_is_posted_back(who: Customer) -> None:
    expense = books.balance(account="6601")
    lot = fill(who, GIFTED, "20.00", days=1)
    spend(who, "5.00")
    after = AT + timedelta(days=1)
    lots.expire(lot_id=lot.public_id, at=after - timedelta(seconds=1))
    lot.refresh_from_db()
    assert lot.left == Money.of("15.00")
    for _ in range(2):
        lots.expire(lot_id=lot.public_id, at=after)
    lot.refresh_from_db()
    assert lot.left == Money.zero()
    assert Entry.objects.filter(kind="lot_expiry").count() == 1
    assert books.balance(account="6601") - expense == Money.of("5.00")
    due = Delivery.objects.get(topic="lot.expire", payload__lot=str(lot.public_id))
    assert due.due_at == lot.expires_at


def test_an_expired_lot_is_not_spent_even_before_it_is_posted_back(who: Customer) -> None:
    fill(who, GIFTED, "20.00", days=1)
    with pytest.raises(FloorBreached):
        hold(who, "0.01", at=AT + timedelta(days=1))


def test_money_that_comes_back_after_its_time_can_be_used_for_seven_days(who: Customer) -> None:
    lot = fill(who, GIFTED, "20.00", days=1)
    subject = hold(who, "20.00")
    late = AT + timedelta(days=3)
    holds.release(subject_id=subject, at=late, memo="未开通")
    lot.refresh_from_db()
    assert (lot.left, lot.expires_at) == (Money.of("20.00"), late + lots.GRACE)
    hold(who, "1.00", at=late + timedelta(days=6))
    lots.expire(lot_id=lot.public_id, at=late + lots.GRACE)
    lot.refresh_from_db()
    assert (lot.left_minor, lot.held_minor) == (0, 100)


def test_the_same_source_comes_once(who: Customer) -> None:
    def comes() -> Lot:
        return lots.enter(
            event="recharge",
            source="payment:1",
            customer=party(who),
            amount=Money.of("9.00"),
            origin_id=new_id(),
            title="充值",
            effective_at=AT,
            parties={"channel": world.CHANNEL},
        )

    assert comes() == comes()
    assert Entry.objects.filter(source="payment:1").count() == 1


class TestTheDatabaseJudges:
    def test_a_lot_moves_by_its_uses_alone(self, who: Customer) -> None:
        lot = fill(who, PAID, "10.00")
        for change in ({"left_minor": 2000}, {"held_minor": 1}, {"customer_id": new_id()}):
            with pytest.raises(DatabaseError), transaction.atomic():
                Lot.objects.filter(pk=lot.pk).update(**change)
        with pytest.raises(DatabaseError), transaction.atomic():
            Lot.objects.filter(pk=lot.pk).delete()
        with pytest.raises(DatabaseError), transaction.atomic():
            LotUse.objects.filter(lot=lot).update(amount_minor=1)

    def test_no_use_overdraws_a_lot(self, who: Customer) -> None:
        lot = fill(who, GIFTED, "10.00")
        with pytest.raises(IntegrityError, match="lot_never_overdrawn"), transaction.atomic():
            use(lot, way="EXPIRE", amount_minor=1001)

    def test_a_hold_gives_no_lot_more_than_it_took(self, who: Customer) -> None:
        lot = fill(who, PAID, "10.00")
        subject = hold(who, "4.00")
        held = Hold.objects.get(subject_id=subject)
        hold(who, "6.00")
        for way, minor in (("RELEASE", 401), ("CAPTURE", 401), ("RETURN", 1)):
            with pytest.raises(DatabaseError, match="does not fit"), transaction.atomic():
                use(lot, hold=held, way=way, amount_minor=minor)

    def test_a_use_is_of_the_lots_own_customer(self, who: Customer) -> None:
        lot = fill(who, GIFTED, "10.00")
        with pytest.raises(DatabaseError, match="does not fit"), transaction.atomic():
            use(lot, way="EXPIRE", amount_minor=1, customer_id=world.customer("客户乙").public_id)

    def test_paid_money_does_not_expire(self, who: Customer) -> None:
        lot = fill(who, PAID, "10.00")
        with pytest.raises(IntegrityError, match="does_not_expire"), transaction.atomic():
            Lot.objects.filter(pk=lot.pk).update(expires_at=AT)

    def test_an_entry_that_moved_lots_is_not_reversed_by_itself(self, who: Customer) -> None:
        fill(who, PAID, "10.00")
        entry = Entry.objects.latest("id")
        with pytest.raises(NotReversible), transaction.atomic():
            reverse(entry=entry, source="reversal:1", at=AT)


def use(lot: Lot, **values: object) -> None:
    told = {"customer_id": lot.customer_id, "entry": Entry.objects.latest("id"), **values}
    LotUse.objects.create(lot=lot, **told)


def test_the_statement_says_what_moved_and_what_was_left(who: Customer) -> None:
    fill(who, PAID, "100.00")
    fill(who, PROMO, "5.00", at=AT + timedelta(minutes=1))
    subject = hold(who, "8.00", at=AT + timedelta(minutes=2))
    holds.capture(
        subject_id=subject, event="consumption", at=AT + timedelta(minutes=3), memo="订单"
    )
    with CaptureQueriesContext(connection) as queries:
        whole = statement_of(customer_id=who.public_id)
    assert len(queries) == 1
    told = [
        (
            line.kind,
            *(str(m.minor) for m in (line.changes.paid, line.changes.promo, line.changes.held)),
            str(line.after.available),
            str(line.after.held),
        )
        for line in whole.items
    ]
    assert told == [
        ("consumption", "0", "0", "-800", "97.00", "0.00"),
        ("hold", "-300", "-500", "800", "97.00", "8.00"),
        ("gift", "0", "500", "0", "105.00", "0.00"),
        ("recharge", "10000", "0", "0", "100.00", "0.00"),
    ]
    assert [line.kind for line in statement_of(customer_id=who.public_id, lot="PROMO").items] == [
        "consumption",
        "hold",
        "gift",
    ]
    one = statement_of(customer_id=who.public_id, kind="hold")
    assert (one.total, one.items) == (1, whole.items[1:2])
    page = statement_of(customer_id=who.public_id, page=2, per_page=3)
    assert (page.total, page.pages, page.items) == (4, 2, whole.items[3:])
    since = statement_of(customer_id=who.public_id, since=AT + timedelta(minutes=2))
    assert since.items == whole.items[:2]


def test_holding_takes_three_statements_of_the_lots(who: Customer) -> None:
    """However many lots pay: which they are, the holds, the uses; the rest is the books' and the audit's."""
    for _ in range(3):
        fill(who, PROMO, "1.00")
    fill(who, PAID, "10.00")
    for amount in ("0.50", "3.00"):
        with CaptureQueriesContext(connection) as queries:
            hold(who, amount)
        own = [query["sql"] for query in queries if "balances_" in query["sql"]]
        assert len(own) == 3
