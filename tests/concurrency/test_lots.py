"""Many hands on the lots of one balance: none is overdrawn, none is spent twice, nothing waits in a circle."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import pytest

from billing.balances.enums import CreditState
from billing.balances.errors import HoldNotActive, TransferKnown
from billing.balances.models import Hold, Lot, LotUse, OfflineRecharge
from billing.balances.queries import balance_of
from billing.balances.services import holds, lots
from billing.ledger.errors import FloorBreached
from billing.settlement.proof import prove
from shared_apps.distributors.models import Distributor
from shared_apps.kernel import clock, tenancy
from shared_apps.kernel.money import Money
from tenant_apps.customers.models import Customer
from tests import world
from tests.billing.balances.purses import GIFTED, PAID, PROMO, fill, hold, judge
from tests.billing.balances.test_requests import submit
from tests.conftest import Inside
from tests.races import Work, at_once


def places(who: Customer, amount: str, at: datetime) -> Work:
    def place() -> str:
        try:
            hold(who, amount, at=at)
        except FloorBreached:
            return "refused"
        return "held"

    return place


@pytest.mark.slow
def test_fifty_purchases_at_once_overdraw_no_lot(
    committed: None, north: Distributor, inside: Inside
) -> None:
    at = clock.now()
    with inside(north):
        who = world.customer()
        for kind, amount in ((PAID, "70.00"), (GIFTED, "20.00"), (PROMO, "5.00"), (PROMO, "9.99")):
            fill(who, kind, amount, at=at)
    outcome = Counter(at_once([places(who, "5.00", at)] * 50, schema=north.schema_name))
    assert outcome == {"held": 20, "refused": 30}
    with inside(north):
        judge(who)
        balance = balance_of(customer_id=who.public_id)
        assert (balance.available, balance.held) == (Money.of("4.99"), Money.of("100.00"))
        assert balance.paid == balance.available  # what was given went first, to the last fen
        given = Lot.objects.exclude(kind=PAID)
        assert sorted(given.values_list("held_minor", flat=True)) == [500, 999, 2000]
        assert Hold.objects.count() == 20
    with tenancy.owner():
        assert prove(at=clock.now()).ok


@pytest.mark.slow
def test_holding_taking_giving_back_and_expiring_at_once_end_in_a_sound_balance(
    committed: None, north: Distributor, inside: Inside
) -> None:
    at = clock.now()
    with inside(north):
        who = world.customer()
        for _ in range(4):
            fill(who, PROMO, "10.00", days=1, at=at)
        fill(who, PAID, "60.00", at=at)
        subjects = [hold(who, "7.00", at=at) for _ in range(10)]
        given = list(Lot.objects.filter(kind=PROMO).values_list("public_id", flat=True))

    def ends(number: int) -> Work:
        subject = subjects[number // 2]

        def end() -> str:
            try:
                if number % 2:
                    holds.capture(subject_id=subject, event="consumption", at=at, memo="订单")
                else:
                    holds.release(subject_id=subject, at=at, memo="未开通")
            except HoldNotActive:
                return "too late"
            return "captured" if number % 2 else "released"

        return end

    def expires(number: int) -> Work:
        def expire() -> str:
            lots.expire(lot_id=given[number], at=at + timedelta(days=2))
            return "expired"

        return expire

    works = [
        *(ends(number) for number in range(20)),
        *(places(who, "3.00", at) for _ in range(10)),
        *(expires(number) for number in range(4)),
    ]
    outcome = Counter(at_once(works, schema=north.schema_name))
    assert outcome["too late"] == outcome["captured"] + outcome["released"] == 10
    with inside(north):
        judge(who)
        assert Hold.objects.filter(state="CAPTURED").count() == outcome["captured"]
        spent = LotUse.objects.filter(way="CAPTURE").values_list("amount_minor", flat=True)
        assert sum(spent) == 700 * outcome["captured"]
    with tenancy.owner():
        assert prove(at=clock.now()).ok


def test_one_transfer_handed_in_ten_times_at_once_is_one(
    committed: None, north: Distributor, inside: Inside
) -> None:
    with inside(north):
        who = world.customer()

    def hand_in() -> str:
        try:
            submit(who, reference="N-1")
        except TransferKnown:
            return "known"
        return "taken"

    outcome = Counter(at_once([hand_in] * 10, schema=north.schema_name))
    assert outcome == {"taken": 1, "known": 9}
    with inside(north):
        assert OfflineRecharge.objects.get().state == CreditState.PENDING
