from __future__ import annotations

import pytest

from shared_apps.distributors.models import Distributor
from shared_apps.kernel import clock, tenancy
from shared_apps.kernel.money import Money
from tenant_apps.orders.services import lines, paying
from tests import world

Cast = dict[str, Distributor]


@pytest.fixture
def busy(committed: None, cast: Cast) -> Cast:
    """Sales in every shop: one given back, one that failed, one still being opened, one never paid."""
    for position, member in enumerate(cast.values()):
        with tenancy.enter(member.schema_name):
            for name in ("客户甲", "客户乙"):
                who = world.customer(name)
                world.recharge(who, Money.of("20000.01"))
                order = world.place(who, world.a_choice(quantity=4, hours=3 + 7 * position))
                paying.pay_from_balance(order=order, at=clock.now())
                first, second, third, _ = order.lines.all()
                for line in (first, second):
                    lines.opened(line=line, at=clock.now())
                lines.failed(line=third, reason="供应商缺货", at=clock.now())
                lines.refund(line=second, reason="不再需要", at=clock.now())
                world.place(who, world.a_choice(hours=2, text="H100"))
    world.book_all({slug: cast[slug] for slug in ("op", "north", "harbour", "pier")})
    return cast
