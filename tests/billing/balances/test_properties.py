"""Whatever is done in whatever order: no lot below zero, lots are what the books say, every use is traced."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.balances.errors import HoldNotActive, ReturnTooLarge
from billing.balances.models import Hold, Lot
from billing.balances.services import holds, lots
from billing.ledger.errors import FloorBreached
from shared_apps.distributors.models import Distributor
from shared_apps.kernel.ids import new_id
from shared_apps.kernel.money import Money
from tenant_apps.customers.models import Customer
from tests import world
from tests.billing.balances.purses import AT, GIFTED, PAID, PROMO, fill, hold, judge
from tests.conftest import Inside

STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["paid", "gifted", "promo", "hold", "hold", "capture", "release", "undo", "expire"]
        ),
        st.integers(min_value=1, max_value=900),
        st.integers(min_value=0, max_value=9),  # which of the holds or lots
    ),
    min_size=1,
    max_size=16,
)
GIVEN = {"gifted": GIFTED, "promo": PROMO}
REFUSALS = (FloorBreached, HoldNotActive, ReturnTooLarge)


def step(
    who: Customer, subjects: list[UUID], what: str, minor: int, which: int, at: datetime
) -> None:
    """One thing that may happen; what is not there cannot happen."""
    amount = Money(minor)
    if what == "paid":
        fill(who, PAID, amount, at=at)
    elif what in GIVEN:
        fill(who, GIVEN[what], amount, days=which, at=at)
    elif what == "hold":
        subjects.append(hold(who, amount, at=at))
    elif what == "expire":
        for lot in Lot.objects.order_by("id")[which : which + 1]:
            lots.expire(lot_id=lot.public_id, at=at + timedelta(days=which))
    elif subjects:
        subject = subjects[which % len(subjects)]
        if what == "capture":
            holds.capture(subject_id=subject, event="consumption", at=at, memo="订单")
        elif what == "release":
            holds.release(subject_id=subject, at=at, memo="未开通")
        else:
            holds.undo_capture(
                subject_id=subject,
                amount=amount,
                event="consumption_refund",
                source=f"refund:{new_id()}",
                at=at,
                memo="退款",
            )


@pytest.mark.usefixtures("db")
@given(steps=STEPS)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_any_sequence_keeps_every_lot_true(
    harbour: Distributor, inside: Inside, steps: list[tuple[str, int, int]]
) -> None:
    with inside(harbour), transaction.atomic():
        who = world.customer()
        subjects: list[UUID] = []
        for number, (what, minor, which) in enumerate(steps):
            try:
                with transaction.atomic():
                    step(who, subjects, what, minor, which, AT + timedelta(hours=number))
            except REFUSALS:
                assert what in {"hold", "capture", "release", "undo"}
            judge(who)
        assert Hold.objects.count() == len(subjects)
        transaction.set_rollback(True)
