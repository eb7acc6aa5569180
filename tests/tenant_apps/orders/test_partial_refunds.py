"""Giving back in parts: the customer and every level, by the same part, to the fen, and never too much."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, Phase, given, settings, strategies

from billing.ledger.queries import balance
from billing.settlement.errors import RefundWindowOver
from billing.settlement.models import Obligation
from billing.settlement.proof import prove
from billing.settlement.services import permit_refund
from shared_apps.approvals.errors import OwnRequest
from shared_apps.approvals.models import ApprovalRequest
from shared_apps.approvals.services import decide
from shared_apps.distributors.models import Distributor
from shared_apps.identity.enums import Role
from shared_apps.identity.models import User
from shared_apps.kernel import clock, tenancy
from shared_apps.kernel.money import Money
from tenant_apps.fulfilment.enums import ResourceState
from tenant_apps.fulfilment.models import Resource
from tenant_apps.orders.enums import LineState, RefundState, RefundTo
from tenant_apps.orders.errors import NothingToRefund, NotRefundable, RefundBeyond
from tenant_apps.orders.models import LineRefund, OrderLine
from tenant_apps.orders.refunds import refundable
from tenant_apps.orders.services import lines, paying
from tests import world
from tests.conftest import Inside

Cast = dict[str, Distributor]


def sell(hours: int = 10, text: str = "A100") -> OrderLine:
    who = world.customer()
    order = world.place(who, world.a_choice(hours=hours, text=text))
    world.recharge(who, order.total)
    paying.pay_from_balance(order=order, at=clock.now())
    line = order.lines.get()
    lines.opened(line=line, at=clock.now())
    line.refresh_from_db()
    return line


def opened_at(line: OrderLine) -> datetime:
    assert line.opened_at is not None
    return line.opened_at


def give(line: OrderLine, **what: Any) -> LineRefund:
    return lines.ask_refund(
        line=line,
        reason="不再需要",
        to=RefundTo.BALANCE,
        by=world.staff(Role.FINANCE),
        at=clock.now(),
        **what,
    )


def hops(line: OrderLine) -> list[tuple[int, int]]:
    """Of each level, from the seller up: what was owed, what of it went back."""
    with tenancy.shared():
        sales = Obligation.objects.filter(trace_id=line.public_id, kind="SALE").order_by("position")
        return [
            (sale.amount_minor, -sum(back.amount_minor for back in sale.refunds.all()))
            for sale in sales.prefetch_related("refunds")
        ]


def used(line: OrderLine, since: timedelta) -> None:
    """As if the machine had been running that long."""
    with tenancy.owner(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE public.settlement_obligation SET recorded_at = recorded_at - %s::interval WHERE trace_id = %s",
            [str(since), line.public_id],
        )


def proved() -> None:
    with tenancy.owner():
        proof = prove(at=clock.now())
    assert proof.ok, [str(difference) for difference in proof.differences]


def test_hours_go_back_at_every_level_and_the_machine_ends_sooner(
    committed: None, cast: Cast, pier: Distributor, inside: Inside
) -> None:
    with inside(pier):
        line = sell(hours=10)
        Resource.objects.create(
            line=line,
            customer=line.order.customer,
            supplier=line.supplier,
            number="R1",
            name=line.name,
            started_at=opened_at(line),
            ends_at=opened_at(line) + timedelta(hours=10),
        )
        give(line, hours=4)
        line.refresh_from_db()
        assert (line.state, line.refunded_hours) == (LineState.OPEN, 4)
        assert line.refunded == Money(line.hourly_minor * 4)
        assert balance(account="220301") == line.refunded
    for owed, back in hops(line):
        assert back == (owed * 4 * 2 + 10) // 20  # half up
    world.drain()
    with inside(pier):
        resource = Resource.objects.get(line=line)
        assert resource.ends_at == resource.started_at + timedelta(hours=6)
        assert resource.state == ResourceState.RUNNING
    world.book_all(cast)
    proved()


def test_what_was_used_is_not_given_back_until_the_operator_agrees(
    committed: None, cast: Cast, pier: Distributor, operator: Distributor, inside: Inside
) -> None:
    with inside(pier):
        line = sell(hours=10)
        opened = opened_at(line) - timedelta(hours=2, minutes=30)
        OrderLine.objects.filter(pk=line.pk).update(opened_at=opened)
    used(line, timedelta(hours=2, minutes=30))
    world.book_all(cast)
    with inside(pier):
        line.refresh_from_db()
        may = refundable(line, at=clock.now())
        assert (may.hours, may.amount) == (7, Money(line.hourly_minor * 7))
        with pytest.raises(RefundBeyond):
            give(line, hours=8)
        with pytest.raises(RefundWindowOver):
            give(line, amount=Money(line.hourly_minor * 7 + 1))
        assert not Obligation.objects.filter(kind="REFUND").exists()
        assert line.refunds.count() == 0
        give(line)
        line.refresh_from_db()
        assert (line.refunded_hours, line.refunded) == (7, Money(line.hourly_minor * 7))
        with pytest.raises(NothingToRefund):
            give(line)
    with inside(operator):
        permit_refund(trace_id=line.public_id, reason="机器故障", by="平台", at=clock.now())
    with inside(pier):
        give(line, amount=line.kept)
        line.refresh_from_db()
        assert line.state == LineState.REFUNDED
        with pytest.raises(NotRefundable):
            give(line, amount=Money(1))
    assert all(owed == back for owed, back in hops(line))
    world.book_all(cast)
    proved()


def test_nobody_but_the_operator_agrees(committed: None, pier: Distributor, inside: Inside) -> None:
    with inside(pier):
        line = sell()
        with pytest.raises(Exception, match="permission denied"):
            permit_refund(trace_id=line.public_id, reason="自己", by="自己", at=clock.now())


def test_a_large_refund_waits_for_a_second_person(
    committed: None, cast: Cast, pier: Distributor, inside: Inside
) -> None:
    with inside(pier):
        line = sell(hours=800, text="H100")
        assert line.amount > Money.of("2000")
        asker = world.staff(Role.FINANCE)
        back = give(line, amount=Money.of("1000.01"))
        assert back.state == RefundState.ASKED
        assert balance(account="220301") == Money(0)
        assert not Obligation.objects.filter(kind="REFUND").exists()
        request = ApprovalRequest.objects.get(subject_id=back.public_id)

        def decided(by: User, approved: bool) -> None:
            decide(
                request=request,
                approved=approved,
                by=by,
                reason="已核对",
                digest=request.digest,
                at=clock.now(),
            )

        with pytest.raises(OwnRequest):
            decided(asker, True)
        decided(world.staff(Role.ADMIN), True)
        back.refresh_from_db()
        assert back.state == RefundState.DONE
        assert balance(account="220301") == Money.of("1000.01")
        second = give(line, amount=Money.of("1000.02"))
        request = ApprovalRequest.objects.get(subject_id=second.public_id)
        decided(world.staff(Role.ADMIN), False)
        second.refresh_from_db()
        assert second.state == RefundState.REJECTED
        assert balance(account="220301") == Money.of("1000.01")
    world.book_all(cast)
    proved()


@pytest.fixture
def market(committed: None, cast: Cast) -> Iterator[Cast]:
    yield cast


@pytest.mark.slow
@settings(
    max_examples=10,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    hours=strategies.integers(1, 9),
    text=strategies.sampled_from(("A100", "H100", "V100")),
    parts=strategies.lists(
        strategies.one_of(
            strategies.tuples(strategies.just("hours"), strategies.integers(1, 9)),
            strategies.tuples(strategies.just("amount"), strategies.integers(1, 20_000)),
        ),
        max_size=8,
    ),
)
def test_any_refunds_stay_within_what_was_paid_and_the_last_one_leaves_nothing(
    market: Cast, hours: int, text: str, parts: list[tuple[str, int]]
) -> None:
    pier = market["pier"]
    with tenancy.enter(pier.schema_name):
        line = sell(hours=hours, text=text)
        before = balance(account="220301")
        for kind, much in parts:
            with suppress(RefundBeyond, NothingToRefund, NotRefundable):
                give(line, **{kind: much if kind == "hours" else Money(much)})
            line.refresh_from_db()
            assert 0 <= line.refunded_minor <= line.amount_minor
            assert balance(account="220301") - before == line.refunded
        share = line.refunded_minor
    for owed, back in hops(line):
        assert back == (2 * owed * share + line.amount_minor) // (2 * line.amount_minor)
    with tenancy.enter(pier.schema_name):
        if line.state == LineState.OPEN:
            lines.refund(line=line, reason="其余退回", at=clock.now())
            line.refresh_from_db()
        assert line.state == LineState.REFUNDED
        assert line.refunded == line.amount
        assert balance(account="220301") - before == line.amount
    assert all(owed == back for owed, back in hops(line))
    world.book_all(market)
    proved()
