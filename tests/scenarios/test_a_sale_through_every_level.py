"""The main job below the pages: pier (depth 3) sells, every level books its own hop, to the fen."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import connection

from billing.settlement.models import Obligation, PriceHop
from billing.settlement.proof import Proof, prove
from shared_apps.distributors.models import Distributor
from shared_apps.kernel import clock, tenancy
from shared_apps.kernel.money import Money, charge
from tenant_apps.orders.enums import LineState, OrderState
from tenant_apps.orders.errors import NotRefundable
from tenant_apps.orders.models import Order
from tenant_apps.orders.services import lines, paying
from tests import world
from tests.conftest import Inside

Cast = dict[str, Distributor]


def _paid_order(hours: int = 7) -> Order:
    who = world.customer()
    world.recharge(who, Money.of("100000"))
    order = world.place(who, world.a_choice(quantity=2, hours=hours))
    return paying.pay_from_balance(order=order, at=clock.now())


def _proof() -> Proof:
    with tenancy.owner():
        return prove(at=clock.now())


def test_a_sale_obliges_every_level_by_its_own_terms(
    committed: None, cast: Cast, pier: Distributor, inside: Inside
) -> None:
    with inside(pier):
        order = _paid_order()
        for line in order.lines.all():
            lines.opened(line=line, at=clock.now())
        order.refresh_from_db()
        assert order.state == OrderState.COMPLETED
        line = order.lines.get(position=1)
        list_hourly = PriceHop.objects.get(trace_id=line.public_id).list_hourly
        own = Obligation.objects.get(trace_id=line.public_id)
        assert own.amount_minor == charge(list_hourly * Decimal("0.94"), Decimal(7)).minor
    expected = {"harbour": "0.88", "north": "0.80", "op": "0.70"}
    for slug, share in expected.items():
        with inside(cast[slug]):
            mine = Obligation.objects.get(trace_id=line.public_id, debtor=cast[slug])
            assert mine.amount_minor == charge(list_hourly * Decimal(share), Decimal(7)).minor
    assert world.book_all(cast) == 2 * 7  # four debtors and three creditors, for each machine
    proof = _proof()
    assert proof.ok, [str(d) for d in proof.differences]
    assert (proof.obligations, proof.in_transit) == (8, 0)


def test_a_refund_negates_every_frozen_amount(
    committed: None, cast: Cast, pier: Distributor, inside: Inside
) -> None:
    with inside(pier):
        order = _paid_order()
        first, second = order.lines.all()
        for line in (first, second):
            lines.opened(line=line, at=clock.now())
        lines.refund(line=first, reason="测试", at=clock.now())
        first.refresh_from_db()
        assert first.state == LineState.REFUNDED
        with pytest.raises(NotRefundable):
            lines.refund(line=first, reason="再次", at=clock.now())
    world.book_all(cast)
    with tenancy.shared():
        assert sum(o.amount_minor for o in Obligation.objects.filter(trace_id=first.public_id)) == 0
        assert Obligation.objects.filter(trace_id=first.public_id).count() == 8
    proof = _proof()
    assert proof.ok, [str(d) for d in proof.differences]


def test_the_proof_names_a_difference_when_a_book_is_tampered_with(
    committed: None, cast: Cast, pier: Distributor, inside: Inside
) -> None:
    with inside(pier):
        order = _paid_order()
        lines.opened(line=order.lines.get(position=1), at=clock.now())
    world.book_all(cast)
    with tenancy.owner(), connection.cursor() as cursor:
        schema = cast["harbour"].schema_name
        cursor.execute(f'ALTER TABLE "{schema}".ledger_posting DISABLE TRIGGER USER')
        cursor.execute(
            f"""UPDATE "{schema}".ledger_posting SET amount_minor = amount_minor + 1
                 WHERE entry_id = (SELECT max(entry_id) FROM "{schema}".ledger_posting)"""
        )
    proof = _proof()
    assert not proof.ok
    assert sum(abs(d.minor) for d in proof.differences) == 1


def test_a_failed_line_gives_the_held_money_back(
    committed: None, cast: Cast, pier: Distributor, inside: Inside
) -> None:
    with inside(pier):
        order = _paid_order()
        for line in order.lines.all():
            lines.failed(line=line, reason="供应商未能完成开通", at=clock.now())
        order.refresh_from_db()
        assert order.state == OrderState.FAILED
        assert not Obligation.objects.exists()
    assert _proof().ok
