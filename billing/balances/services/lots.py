"""How money comes into a balance, each time as a lot of its own, and how given money expires."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from billing.balances.enums import AMOUNT_OF, LotKind, UseWay
from billing.balances.locking import lock_balance
from billing.balances.models import Lot, LotUse
from billing.balances.parties import customer_party
from billing.ledger.parties import Party
from billing.ledger.services import post_event
from shared_apps.audit.services import record
from shared_apps.kernel.money import Money
from shared_apps.outbox.services import publish

# Given money that was tied up while its time ran out can be used for so long when it comes back.
GRACE = timedelta(days=7)
# So long before its time is over the customer is told, if something is left.
FOREWARNING = timedelta(days=7)


def enter(
    *,
    event: str,
    source: str,
    customer: Party,
    amount: Money,
    origin_id: UUID,
    title: str,
    effective_at: datetime,
    kind: LotKind = LotKind.PAID,
    expires_at: datetime | None = None,
    parties: Mapping[str, Party] | None = None,
    details: Mapping[str, str] | None = None,
    memo: str = "",
) -> Lot:
    """Books money into a customer's balance, by the posting rule of `event`, as a lot. Locks the balance.

    Safe to repeat: a source comes once. Given money says when it expires; paid money never does.
    """
    customer_id = UUID(customer.id)
    with transaction.atomic():
        lock_balance(customer_id)
        known = Lot.objects.filter(source=source).first()
        if known is not None:
            return known
        entry = post_event(
            event=event,
            source=source,
            effective_at=effective_at,
            parties={"customer": customer, **(parties or {})},
            amounts={AMOUNT_OF[kind]: amount},
            memo=memo or title,
            details={"lot_kind": str(kind), **(details or {})},
        )
        lot = Lot.objects.create(
            customer_id=customer_id,
            kind=kind,
            source=source,
            origin_id=origin_id,
            title=title[:120],
            amount_minor=amount.minor,
            currency=amount.currency,
            created_at=entry.recorded_at,
            expires_at=expires_at,
        )
        LotUse.objects.create(
            lot=lot,
            entry=entry,
            customer_id=customer_id,
            way=UseWay.ENTER,
            amount_minor=amount.minor,
        )
        record("lot.enter", obj=lot, after={"kind": lot.kind, "amount": str(amount)})
        if expires_at is not None:
            publish("lot.expire", {"lot": str(lot.public_id)}, not_before=expires_at)
            if expires_at - effective_at > FOREWARNING:
                soon = expires_at - FOREWARNING
                publish("lot.expiring", {"lot": str(lot.public_id)}, not_before=soon)
    return lot


def expire(*, lot_id: UUID, at: datetime) -> None:
    """Posts back what is left of a lot whose time is over; what is held stays held. Safe to repeat."""
    with transaction.atomic():
        found = Lot.objects.filter(public_id=lot_id).values_list("customer_id", flat=True).first()
        if found is None:
            return
        lock_balance(found)
        lot = Lot.objects.select_for_update().get(public_id=lot_id)
        if lot.expires_at is None or lot.expires_at > at or lot.left_minor == 0:
            return
        times = lot.uses.filter(way=UseWay.EXPIRE).count()
        rest = lot.left
        entry = post_event(
            event="lot_expiry",
            source=f"expiry:{lot.public_id}:{times + 1}",
            effective_at=at,
            parties={"customer": customer_party(lot.customer_id)},
            amounts={AMOUNT_OF[LotKind(lot.kind)]: rest},
            memo=lot.title,
        )
        LotUse.objects.create(
            lot=lot,
            entry=entry,
            customer_id=lot.customer_id,
            way=UseWay.EXPIRE,
            amount_minor=rest.minor,
        )
        record("lot.expire", obj=lot, after={"amount": str(rest)})


def revive(*, lot_ids: Collection[int], at: datetime) -> None:
    """Gives lots that money came back to after their time a few days more. The balance is locked already."""
    for lot in Lot.objects.filter(pk__in=lot_ids, expires_at__lte=at):
        before, lot.expires_at = lot.expires_at, at + GRACE
        lot.save(update_fields=["expires_at"])
        record(
            "lot.revive",
            obj=lot,
            before={"expires_at": before.isoformat() if before else None},
            after={"expires_at": lot.expires_at.isoformat()},
        )
        publish("lot.expire", {"lot": str(lot.public_id)}, not_before=lot.expires_at)
