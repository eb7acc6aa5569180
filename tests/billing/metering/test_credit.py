"""How far a customer may owe; the month's bill; and what happens when it is not paid."""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Barrier, Thread

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, Phase, given, settings, strategies

from billing.balances import queries as balances
from billing.invoicing.models import Consumption
from billing.ledger.errors import FloorBreached
from billing.ledger.queries import balance
from billing.metering import queries as metering
from billing.metering.enums import BillState
from billing.metering.errors import LimitBelowUse, NothingToPay
from billing.metering.models import Bill, Charge, CreditLine
from billing.metering.periods import GRACE, LATE, TIME_TO_PAY, next_month
from billing.metering.services import bills
from billing.settlement.proof import prove
from shared_apps.approvals.models import ApprovalRequest
from shared_apps.approvals.services import decide
from shared_apps.distributors.models import Distributor
from shared_apps.identity.enums import Role
from shared_apps.kernel import clock, tenancy
from shared_apps.kernel.errors import DomainError
from shared_apps.kernel.money import Money
from tenant_apps.customers.models import Customer
from tenant_apps.fulfilment.models import Resource
from tenant_apps.fulfilment.services import metered
from tenant_apps.orders.errors import NoRoom, PaidAfterwards
from tenant_apps.orders.models import Order
from tenant_apps.orders.pricing import Choice
from tenant_apps.orders.services import paying
from tests import world
from tests.billing.metering.conftest import Cast, PromptSupplier, advance, allow, ask, plan, run
from tests.conftest import Inside

HOUR = timedelta(hours=1)


def proved(cast: Cast) -> None:
    world.book_all(cast)
    with tenancy.owner():
        proof = prove(at=clock.now())
    assert proof.ok, [str(difference) for difference in proof.differences]


def test_nothing_is_opened_for_whoever_can_not_bear_it(
    market: Cast, pier: Distributor, inside: Inside
) -> None:
    with inside(pier):
        who = world.customer()
        with pytest.raises(NoRoom):
            ask(who)
        with pytest.raises(PaidAfterwards):
            world.place(who, Choice(plan().public_id, 1, 5))
        assert not Order.objects.exists()


def test_a_large_limit_waits_for_a_second_person_and_none_goes_below_what_is_used(
    market: Cast, pier: Distributor, inside: Inside, since: datetime
) -> None:
    with inside(pier):
        who = world.customer()
        allow(who, Money.of("10000.01"))
        line = CreditLine.objects.get()
        assert (line.limit_minor, line.asked_minor) == (0, 1000001)
        request = ApprovalRequest.objects.get(subject_id=line.public_id)
        decide(
            request=request,
            approved=True,
            by=world.staff(Role.ADMIN),
            reason="已核对",
            digest=request.digest,
            at=clock.now(),
        )
        line.refresh_from_db()
        assert (line.limit_minor, line.asked_minor) == (1000001, None)
        (machine,) = run(who, since)
        metered.tick(line_id=machine.line.public_id, at=since + HOUR)
        with pytest.raises(LimitBelowUse):
            allow(who, Money(machine.line.hourly_minor - 1))
        allow(who, Money(machine.line.hourly_minor))
        with pytest.raises(IntegrityError), transaction.atomic():
            CreditLine.objects.update(used_minor=machine.line.hourly_minor + 1)
    proved(market)


def test_a_bill_overdue_suspends_and_paying_it_resumes(
    market: Cast, pier: Distributor, inside: Inside
) -> None:
    since = clock.now().replace(microsecond=0) - timedelta(days=52)
    with inside(pier):
        who = world.customer()
        allow(who, Money.of("1000"))
        (machine,) = run(who, since)
        line = machine.line.public_id
        metered.tick(line_id=line, at=since + 3 * HOUR)
        bill = Bill.objects.get()
        owed = bill.owed
        assert owed == Money(3 * machine.line.hourly_minor)
        assert balance(account="1124") == owed
        out = next_month(bill.month) + LATE
        bills.issue(bill_id=bill.public_id, at=out)
        bills.issue(bill_id=bill.public_id, at=out + HOUR)  # delivered twice
        bill.refresh_from_db()
        assert (bill.state, bill.due_at) == (BillState.DUE, out + TIME_TO_PAY)
        bills.fall_due(bill_id=bill.public_id, at=out + TIME_TO_PAY - HOUR)
        bill.refresh_from_db()
        assert bill.state == BillState.DUE
        due = out + TIME_TO_PAY
        bills.fall_due(bill_id=bill.public_id, at=due)
        bill.refresh_from_db()
        assert bill.state == BillState.OVERDUE
        assert not bills.end_grace(bill_id=bill.public_id, at=due + GRACE - HOUR)
        end = due + GRACE
        assert bills.end_grace(bill_id=bill.public_id, at=end)
        Resource.objects.update(metered_until=end - timedelta(minutes=30))
        assert metered.suspend_all(customer_id=who.public_id, at=end) == 1
        assert metered.suspend_all(customer_id=who.public_id, at=end) == 0
        machine.refresh_from_db()
        assert (machine.state, machine.metered_until) == ("SUSPENDED", end)
        advance()
        assert PromptSupplier.switched == [(str(line), False)]
        # Time passes without being charged.
        charges = Charge.objects.count()
        metered.tick(line_id=line, at=end + 5 * HOUR)
        assert Charge.objects.count() == charges
        assert metered.resume_all(customer_id=who.public_id, at=end + HOUR) == 0
        with pytest.raises(FloorBreached):
            bills.pay(bill_id=bill.public_id, customer_id=who.public_id, at=end + HOUR)
        world.recharge(who, owed)
        assert metered.resume_all(customer_id=who.public_id, at=end + 2 * HOUR) == 1
        bill.refresh_from_db()
        assert (bill.state, bill.owed) == (BillState.PAID, Money(0))
        with pytest.raises(NothingToPay):
            bills.pay(bill_id=bill.public_id, customer_id=who.public_id, at=end + 2 * HOUR)
        advance()
        assert PromptSupplier.switched == [(str(line), False), (str(line), True)]
        machine.refresh_from_db()
        assert (machine.state, machine.metered_until) == ("RUNNING", end + 2 * HOUR)
        assert balances.balance_of(customer_id=who.public_id).available == Money(0)
    proved(market)


def test_a_bill_may_be_paid_before_it_is_out(
    market: Cast, pier: Distributor, inside: Inside, since: datetime
) -> None:
    with inside(pier):
        who = world.customer()
        allow(who, Money.of("1000"))
        (machine,) = run(who, since)
        metered.tick(line_id=machine.line.public_id, at=since + 2 * HOUR)
        bill = Bill.objects.first()
        assert bill is not None
        world.recharge(who, bill.owed)
        bills.pay(bill_id=bill.public_id, customer_id=who.public_id, at=clock.now())
        bill.refresh_from_db()
        assert (bill.state, bill.owed) == (BillState.OPEN, Money(0))
        out = next_month(bill.month) + LATE
        bills.issue(bill_id=bill.public_id, at=out - HOUR)
        bill.refresh_from_db()
        assert bill.state == BillState.OPEN
        bills.issue(bill_id=bill.public_id, at=out)
        bill.refresh_from_db()
        assert bill.state == BillState.PAID
        told = Consumption.objects.get(line_id=bill.public_id)
        assert told.consumed_minor == bill.total_minor
        assert CreditLine.objects.get().used_minor == sum(b.owed.minor for b in Bill.objects.all())
    proved(market)


def test_charges_purchases_and_payments_at_once_keep_floor_and_ceiling(
    market: Cast, pier: Distributor, inside: Inside, since: datetime
) -> None:
    with inside(pier):
        who = world.customer()
        allow(who, Money.of("1000"))
        machines = run(who, since, quantity=4)
        hourly = machines[0].line.hourly_minor
        allow(who, Money(hourly * 9))
        choice = world.a_choice(hours=1)
        orders = [world.place(who, choice) for _ in range(4)]
        world.recharge(who, orders[0].total)
        world.recharge(who, orders[0].total)
    gate = Barrier(8)

    def at_once(what: str, number: int) -> None:
        with inside(pier):
            gate.wait()
            try:
                if what == "tick":
                    metered.tick(line_id=machines[number].line.public_id, at=since + 4 * HOUR)
                else:
                    paying.pay_from_balance(order=orders[number], at=clock.now())
            except DomainError:
                pass
        connection.close()

    threads = [
        Thread(target=at_once, args=(what, number))
        for what in ("tick", "buy")
        for number in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with inside(pier):
        line = CreditLine.objects.get()
        assert line.used_minor <= line.limit_minor
        found = balances.balance_of(customer_id=who.public_id)
        assert found.available.minor >= 0
        assert Charge.objects.count() == 16
        booked = sum(c.amount_minor for c in Charge.objects.filter(state="BOOKED"))
        spent = booked - line.used_minor + found.held.minor + found.available.minor
        assert spent == 2 * orders[0].total_minor
    proved(market)


steps = strategies.one_of(
    strategies.tuples(strategies.just("tick"), strategies.integers(1, 3)),
    strategies.tuples(strategies.just("recharge"), strategies.integers(1, 3000)),
    strategies.tuples(strategies.just("limit"), strategies.integers(0, 5000)),
    strategies.tuples(strategies.just("pay"), strategies.just(0)),
    strategies.tuples(strategies.just("buy"), strategies.just(0)),
    strategies.tuples(strategies.just("issue"), strategies.just(0)),
    strategies.tuples(strategies.just("resume"), strategies.just(0)),
)


@pytest.mark.slow
@settings(
    max_examples=8,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(told=strategies.lists(steps, min_size=3, max_size=10))
def test_whatever_happens_balance_and_credit_stay_within_their_bounds(
    market: Cast, told: list[tuple[str, int]]
) -> None:
    """Over one history that grows; the clock goes on from where the last example left it."""
    pier = market["pier"]
    with tenancy.enter(pier.schema_name):
        who = world.customer()
        machine = Resource.objects.select_related("line", "customer").first()
        if machine is None:
            allow(who, Money.of("1000"))
            machine = run(who, clock.now().replace(microsecond=0) - timedelta(days=30))[0]
        for name, much in told:
            _do(name, much, who, machine)
            line = CreditLine.objects.get()
            assert 0 <= line.used_minor <= line.limit_minor
            assert balances.balance_of(customer_id=who.public_id).available.minor >= 0
            assert balance(account="1124") == line.used
            assert line.used_minor == sum(b.owed.minor for b in Bill.objects.all())
            assert metering.room(customer_id=who.public_id).minor >= 0
    proved(market)


def _do(name: str, much: int, who: Customer, machine: Resource) -> None:
    machine.refresh_from_db()
    assert machine.metered_until is not None
    now = machine.metered_until + much * HOUR
    try:
        if name == "tick":
            metered.tick(line_id=machine.line.public_id, at=now)
        elif name == "recharge":
            world.recharge(who, Money(much))
        elif name == "limit":
            allow(who, Money(much))
        elif name == "pay":
            for bill in Bill.objects.all():
                bills.pay(bill_id=bill.public_id, customer_id=who.public_id, at=now)
        elif name == "issue":
            for bill in Bill.objects.all():
                bills.issue(bill_id=bill.public_id, at=now)
        elif name == "buy":
            paying.pay_from_balance(order=world.place(who, world.a_choice()), at=clock.now())
        else:
            metered.resume_all(customer_id=who.public_id, at=now)
    except DomainError:
        return
