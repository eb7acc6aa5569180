"""Credit that the shop gives: finance proposes it, a second person confirms it, and it expires."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as named

from billing.balances.enums import CREDIT_TRANSITIONS, CreditState, LotKind
from billing.balances.errors import (
    AlreadyDecided,
    AmountOutOfRange,
    ExpiredBeforeApproval,
    ExpiryTooEarly,
)
from billing.balances.models import Gift
from billing.balances.parties import customer_party
from billing.ledger.parties import Party
from shared_apps.approvals.services import ask, withdraw
from shared_apps.audit.services import record
from shared_apps.identity.models import User
from shared_apps.kernel import ids
from shared_apps.kernel.money import Money
from shared_apps.outbox.services import publish

from . import lots

KIND = "gift"
LEAST, MOST = Money.of("0.01"), Money.of("1000000.00")


def propose(
    *,
    customer: Party,
    kind: LotKind,
    amount: Money,
    title: str,
    expires_at: datetime,
    by: User,
    at: datetime,
) -> Gift:
    """Asks a second person for a gift; nothing moves yet."""
    if not LEAST <= amount <= MOST:
        raise AmountOutOfRange(field="amount", least=LEAST, most=MOST)
    if expires_at <= at:
        raise ExpiryTooEarly(field="expires_on")
    with transaction.atomic():
        gift = Gift.objects.create(
            number=ids.number("G", at),
            customer_id=UUID(customer.id),
            kind=kind,
            amount_minor=amount.minor,
            currency=amount.currency,
            title=title.strip()[:80],
            expires_at=expires_at,
            requested_by=by,
        )
        ask(
            kind=KIND,
            subject_id=gift.public_id,
            title=f"{LotKind(kind).label}余额 {gift.number}：{customer.name}，{amount} 元",
            facts=[
                (named("客户"), customer.name),
                (named("类型"), str(LotKind(kind).label)),
                (named("金额"), f"{amount} 元"),
                (named("名目"), gift.title),
                (named("到期时间"), f"{timezone.localtime(expires_at):%Y-%m-%d %H:%M}"),
            ],
            requested_by=by,
        )
        record(
            "gift.propose",
            obj=gift,
            after={"number": gift.number, "kind": gift.kind, "amount": str(amount)},
        )
    return gift


def decided(*, subject_id: UUID, approved: bool, by: User, reason: str, at: datetime) -> None:
    """Gives it, once, or keeps why not. Locks the gift; the customer is told of what came."""
    with transaction.atomic():
        gift = Gift.objects.select_for_update().get(public_id=subject_id)
        if approved and gift.expires_at <= at:
            raise ExpiredBeforeApproval
        state = CreditState.APPROVED if approved else CreditState.REJECTED
        _move(gift, state, by=by, reason=reason, at=at)
        if approved:
            lots.enter(
                event="gift",
                source=f"gift:{gift.number}",
                customer=customer_party(gift.customer_id),
                amount=gift.amount,
                origin_id=gift.public_id,
                title=gift.title,
                effective_at=at,
                kind=LotKind(gift.kind),
                expires_at=gift.expires_at,
            )
            publish("gift.given", {"id": str(gift.public_id)})


def take_back(*, gift: Gift, at: datetime) -> None:
    """The proposal is withdrawn while it waits. Locks the gift."""
    with transaction.atomic():
        found = Gift.objects.select_for_update().get(pk=gift.pk)
        _move(found, CreditState.WITHDRAWN, by=None, reason="", at=at)
        withdraw(kind=KIND, subject_id=found.public_id, reason="", at=at)


def _move(gift: Gift, state: CreditState, *, by: User | None, reason: str, at: datetime) -> None:
    before = CreditState(gift.state)
    if state not in CREDIT_TRANSITIONS[before]:
        raise AlreadyDecided(state=before.label)
    gift.state, gift.decided_by, gift.reason = state, by, reason[:300]
    gift.decided_at = at if by else None
    gift.save(update_fields=["state", "decided_by", "decided_at", "reason"])
    record(
        "gift.move",
        obj=gift,
        before={"state": before.value},
        after={"state": state.value},
        note=gift.reason,
    )
