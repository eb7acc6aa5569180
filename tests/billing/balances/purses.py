"""Money of each kind in a customer's balance, and what the judge of all says about it."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F, Sum

from billing.balances.enums import LotKind
from billing.balances.models import Hold, Lot, LotUse
from billing.balances.services import holds, lots
from billing.ledger.enums import PartyKind
from billing.ledger.models import Balance
from billing.ledger.parties import Party
from shared_apps.kernel.ids import new_id
from shared_apps.kernel.money import Money
from tenant_apps.customers.models import Customer
from tests import world

PAID, GIFTED, PROMO = LotKind.PAID, LotKind.GIFTED, LotKind.PROMO
AT = datetime.fromisoformat("2026-03-10T04:00:00+00:00")
FREE = {PAID: "220301", GIFTED: "220303", PROMO: "220304"}


def party(who: Customer) -> Party:
    return Party(PartyKind.CUSTOMER, str(who.public_id), str(who))


def fill(
    who: Customer, kind: LotKind, amount: str | Money, *, days: int = 30, at: datetime = AT
) -> Lot:
    """A lot of this kind; given money lasts so many days."""
    money = amount if isinstance(amount, Money) else Money.of(amount)
    if kind is PAID:
        world.recharge(who, money, at=at)
        return Lot.objects.latest("id")
    origin = new_id()
    return lots.enter(
        event="gift",
        source=f"gift:{origin}",
        customer=party(who),
        amount=money,
        origin_id=origin,
        title="开业活动",
        effective_at=at,
        kind=kind,
        expires_at=at + timedelta(days=days),
    )


def hold(who: Customer, amount: str | Money, *, at: datetime = AT) -> UUID:
    subject = new_id()
    money = amount if isinstance(amount, Money) else Money.of(amount)
    holds.place(customer=party(who), parts=[(subject, money)], at=at, memo="订单")
    return subject


def used(subject: UUID, way: str) -> list[tuple[str, str]]:
    """(kind of lot, amount) of a hold's uses of one way, in their order."""
    uses = LotUse.objects.filter(hold__subject_id=subject, way=way).order_by("id")
    return [(use.lot.kind, str(Money(use.amount_minor))) for use in uses.select_related("lot")]


def judge(who: Customer) -> None:
    """Lots ≥ 0; each is the sum of its uses; by kind they are what the books say; holds are traced."""
    kept = {
        row.account.parent.code if row.account.parent else "": row.credit_minor - row.debit_minor
        for row in Balance.objects.filter(account__party_id=str(who.public_id)).select_related(
            "account__parent"
        )
    }
    own = Lot.objects.filter(customer_id=who.public_id)
    assert not own.filter(left_minor__lt=0).exists()
    assert not own.filter(left_minor__gt=F("amount_minor") - F("held_minor")).exists()
    for kind, code in FREE.items():
        left = sum(own.filter(kind=kind).values_list("left_minor", flat=True))
        assert left == kept.get(code, 0), code
    assert sum(own.values_list("held_minor", flat=True)) == kept.get("220302", 0)
    for lot in own:
        free, held = (
            lot.uses.aggregate(n=Sum(name))["n"] for name in ("free_change", "held_change")
        )
        assert (lot.left_minor, lot.held_minor) == (free, held)
    for one in Hold.objects.filter(customer_id=who.public_id):
        taken = one.uses.filter(way="HOLD").aggregate(n=Sum("amount_minor"))["n"]
        assert taken == one.amount_minor
        ends = one.uses.filter(way__in=["CAPTURE", "RELEASE"]).aggregate(n=Sum("amount_minor"))["n"]
        assert (ends or 0) == (0 if one.state == "HELD" else one.amount_minor)
