"""What is used is written down once, priced by the second, by the terms of its beginning."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, strategies

from billing.balances import queries as balances
from billing.balances.services import holds
from billing.metering.enums import UsageSource, UsageState
from billing.metering.errors import UsageConflict
from billing.metering.models import Bill, Charge, UsageRecord
from billing.metering.services import bills, charging, usage
from billing.metering.services.credit import party
from billing.pricing.proration import hours_of, prorated
from billing.pricing.services import set_retail_percent
from billing.settlement.models import Obligation
from billing.settlement.proof import prove
from shared_apps.distributors.models import Distributor
from shared_apps.kernel import clock, ids, tenancy
from shared_apps.kernel.money import Money
from tenant_apps.fulfilment.models import Resource
from tenant_apps.fulfilment.services import metered, opening
from tests import world
from tests.billing.metering.conftest import Cast, allow, run
from tests.conftest import Inside

T0 = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("seconds", "hours", "cost"),
    [
        (1, "0.000278", 0),
        (18, "0.005000", 1),  # half a fen is up
        (17, "0.004722", 0),
        (1800, "0.500000", 50),
        (3599, "0.999722", 100),
        (3600, "1.000000", 100),
    ],
)
def test_time_is_priced_by_the_second_and_rounded_once(seconds: int, hours: str, cost: int) -> None:
    used = hours_of(T0, T0 + timedelta(seconds=seconds))
    assert used == Decimal(hours)
    assert prorated(Money.of("1.00"), used) == Money(cost)


def test_no_time_has_no_price() -> None:
    for ends_at in (T0, T0 - HOUR):
        with pytest.raises(ValueError, match="No time"):
            hours_of(T0, ends_at)


@given(strategies.integers(1, 3600), strategies.integers(1, 100_000))
def test_part_of_an_hour_never_costs_more_than_the_hour(seconds: int, hourly: int) -> None:
    part = prorated(Money(hourly), hours_of(T0, T0 + timedelta(seconds=seconds)))
    assert 0 <= part.minor <= hourly
    assert (
        abs(part.minor - Decimal(hourly * seconds) / 3600)
        <= Decimal("0.5") + Decimal(hourly) / 10**6
    )


def told(
    resource: Resource, since: datetime, quantity: str = "1", record: str = "m-1"
) -> UsageRecord:
    return usage.tell(
        source=UsageSource.SUPPLIER,
        record_id=record,
        resource_id=resource.public_id,
        customer_id=resource.customer.public_id,
        name=resource.name,
        component="instance",
        starts_at=since,
        ends_at=since + HOUR,
        quantity=Decimal(quantity),
        at=clock.now(),
    )


def proved(cast: Cast) -> None:
    world.book_all(cast)
    with tenancy.owner():
        proof = prove(at=clock.now())
    assert proof.ok, [str(difference) for difference in proof.differences]


def test_a_record_told_twice_is_one_and_told_otherwise_is_a_conflict(
    market: Cast, pier: Distributor, inside: Inside, since: datetime
) -> None:
    with inside(pier):
        who = world.customer()
        allow(who, Money.of("1000"))
        (machine,) = run(who, since)
        first = told(machine, since)
        assert told(machine, since) == first
        other = told(machine, since, quantity="2")
        assert (other.state, first.state) == (UsageState.CONFLICT, UsageState.ACCEPTED)
        assert told(machine, since, quantity="2") == other
        assert UsageRecord.objects.count() == 2
        where: dict[str, Any] = {
            "machine": machine.line.public_id,
            "plan_id": machine.line.plan_id,
        }
        with pytest.raises(UsageConflict):
            charging.charge(usage=other, **where, at=clock.now())
        assert not Charge.objects.exists()
        one = charging.charge(usage=first, **where, at=clock.now())
        again = charging.charge(usage=first, **where, at=clock.now())
        assert one == again and Charge.objects.count() == 1
        assert Money(one.amount_minor) == Money(machine.line.hourly_minor)
    with tenancy.shared():
        assert Obligation.objects.filter(trace_id=one.trace_id).count() == 4
    proved(market)


def test_hours_are_charged_once_each_balance_first_and_by_the_price_of_their_beginning(
    market: Cast, pier: Distributor, inside: Inside, since: datetime
) -> None:
    with inside(pier):
        who = world.customer()
        allow(who, Money.of("1000"))
        (machine,) = run(who, since)
        hourly = machine.line.hourly_minor
        world.recharge(who, Money(hourly + 1))
        line = machine.line.public_id
        metered.tick(line_id=line, at=since + timedelta(minutes=59))
        assert not Charge.objects.exists()
        set_retail_percent(percent=Decimal(50), at=since + HOUR)
        metered.tick(line_id=line, at=since + timedelta(hours=2, minutes=30))
        metered.tick(line_id=line, at=since + timedelta(hours=2, minutes=31))  # delivered twice
        first, second = Charge.objects.all()
        assert (first.amount_minor, first.credit_minor) == (hourly, 0)
        assert second.hourly_minor < hourly
        assert second.credit_minor == second.amount_minor - 1
        assert balances.balance_of(customer_id=who.public_id).available == Money(0)
        opening.terminate(line_id=line, at=since + timedelta(hours=2, minutes=45), reason="停止")
        third = Charge.objects.latest("id")
        assert third.usage.quantity == Decimal("0.75")
        bill = Bill.objects.get()
        assert bill.total_minor == sum(c.amount_minor for c in Charge.objects.all())
        machine.refresh_from_db()
        assert machine.state == "ENDING"
    proved(market)


def test_late_data_come_onto_their_bill_within_the_grace_and_onto_the_next_after_it(
    market: Cast, pier: Distributor, inside: Inside
) -> None:
    since = clock.now().replace(microsecond=0) - timedelta(days=40)
    with inside(pier):
        who = world.customer()
        allow(who, Money.of("1000"))
        (machine,) = run(who, since)
        where: dict[str, Any] = {
            "machine": machine.line.public_id,
            "plan_id": machine.line.plan_id,
        }
        charging.charge(
            usage=told(machine, since),
            **where,
            at=since + HOUR,
        )
        bill = Bill.objects.get()
        late = told(machine, since + HOUR, record="m-2")
        kept = charging.charge(usage=late, **where, at=since + timedelta(days=9))
        assert (kept.bill, kept.is_correction) == (bill, False)
        bills.issue(bill_id=bill.public_id, at=clock.now())
        later = told(machine, since + 2 * HOUR, record="m-3")
        corrected = charging.charge(usage=later, **where, at=clock.now())
        assert corrected.is_correction
        assert corrected.bill is not None and corrected.bill != bill
        bill.refresh_from_db()
        assert bill.total_minor == 2 * corrected.amount_minor
    proved(market)


def test_what_neither_balance_nor_credit_bears_waits_and_is_booked_when_money_comes(
    market: Cast, pier: Distributor, inside: Inside, since: datetime
) -> None:
    with inside(pier):
        who = world.customer()
        world.recharge(who, Money.of("1000"))
        (machine,) = run(who, since)
        hourly = machine.line.hourly_minor
        rest = Money.of("1000") - Money(hourly)
        holds.place(
            customer=party(who.public_id), parts=[(ids.new_id(), rest)], at=clock.now(), memo="x"
        )
        metered.tick(line_id=machine.line.public_id, at=since + 3 * HOUR)
        states = [charge.state for charge in Charge.objects.order_by("id")]
        assert states == ["BOOKED", "WAITING", "WAITING"]
        machine.refresh_from_db()
        assert machine.state == "SUSPENDED"
        assert Obligation.objects.filter(kind="SALE", debtor=pier).count() == 1
        assert metered.resume_all(customer_id=who.public_id, at=since + 4 * HOUR) == 0
        world.recharge(who, Money(hourly * 3))
        assert metered.resume_all(customer_id=who.public_id, at=since + 4 * HOUR) == 1
        assert not Charge.objects.filter(state="WAITING").exists()
        machine.refresh_from_db()
        assert (machine.state, machine.metered_until) == ("RUNNING", since + 4 * HOUR)
    proved(market)
