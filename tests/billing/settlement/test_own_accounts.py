"""The proof follows a shop's own choice of accounts, and leaves out what finance wrote by hand."""

from __future__ import annotations

import pytest

from billing.ledger import queries, services
from billing.ledger.enums import AccountKind, PartyKind
from billing.ledger.models import Account, Posting
from billing.ledger.services.vouchers import decided
from billing.settlement import booker
from shared_apps.distributors.models import Distributor
from shared_apps.identity import services as identity
from shared_apps.identity.enums import Role
from shared_apps.kernel import clock, tenancy
from shared_apps.kernel.money import Money
from tenant_apps.orders.services import lines, paying
from tests import world

from .test_proof import Cast, differences, proof


@pytest.fixture
def sold(committed: None, cast: Cast) -> Cast:
    """Pier maps its parent to an account of its own, and then sells something."""
    pier, harbour = cast["pier"], cast["harbour"]
    with tenancy.enter(pier.schema_name):
        services.map_party(
            control=Account.objects.get(code="2202"),
            party_kind=PartyKind.DISTRIBUTOR,
            party_id=str(harbour.public_id),
            party_name=harbour.name,
            account=services.open_account(
                code="2211",
                name="应付上级",
                kind=AccountKind.LIABILITY,
                takes=[PartyKind.DISTRIBUTOR],
            ),
            starts_at=None,
            at=clock.now(),
        )
        who = world.customer()
        order = world.place(who, world.a_choice(hours=2))
        world.recharge(who, order.total)
        paying.pay_from_balance(order=order, at=clock.now())
        for line in order.lines.all():
            lines.opened(line=line, at=clock.now())
    for member in cast.values():
        with tenancy.enter(member.schema_name):
            booker.book()
    return cast


def test_a_party_under_another_account_is_still_proved(sold: Cast) -> None:
    pier: Distributor = sold["pier"]
    with tenancy.enter(pier.schema_name):
        assert queries.balance(account="2202") == Money.zero()
        assert queries.balance(account="2211").minor > 0
    found = proof()
    assert found.ok, differences(found)


def test_what_was_written_by_hand_is_not_measured_by_obligations(sold: Cast) -> None:
    pier = sold["pier"]
    with tenancy.enter(pier.schema_name):
        owed = Account.objects.get(parent__code="2211")
        at, clerk = clock.now(), world.staff(Role.FINANCE)
        voucher = services.save_voucher(
            voucher=None,
            dated=at.date(),
            memo="付上级货款",
            lines=[
                {"side": "DEBIT", "account": owed.code, "amount": 100},
                {"side": "CREDIT", "account": "1002", "amount": 100},
            ],
            at=at,
            by=clerk,
        )
        services.ask_voucher(voucher=voucher, by=clerk)
        second = identity.add_staff(
            name="财务乙", roles=[Role.FINANCE], email="b@example.com", password=world.PASSWORD
        )
        decided(subject_id=voucher.public_id, approved=True, by=second, reason="", at=at)
        assert Posting.objects.filter(account=owed, direction="DEBIT").count() == 1
    found = proof()
    assert found.ok, differences(found)
