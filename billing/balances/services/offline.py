"""Offline recharges: a slip is handed in, a second person checks it against the bank, then it is credited."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_noop as named

from billing.balances.enums import CREDIT_TRANSITIONS, CreditState
from billing.balances.errors import AlreadyDecided, AmountOutOfRange, DayInFuture, TransferKnown
from billing.balances.models import OfflineRecharge
from billing.balances.parties import customer_party
from billing.ledger import days
from billing.ledger.parties import Party
from shared_apps.approvals.services import ask, withdraw
from shared_apps.audit.services import record
from shared_apps.files.services import keep
from shared_apps.identity.models import User
from shared_apps.kernel import ids
from shared_apps.kernel.money import Money
from shared_apps.outbox.services import publish

from . import lots

KIND = "offline_recharge"
LEAST, MOST = Money.of("1.00"), Money.of("10000000.00")


def submit(
    *,
    customer: Party,
    amount: Money,
    payer: str,
    bank_reference: str,
    paid_on: date,
    slip: UploadedFile,
    by: User,
    at: datetime,
) -> OfflineRecharge:
    """Hands in a transfer for checking; nothing moves yet. A transfer that is known is refused."""
    if not LEAST <= amount <= MOST:
        raise AmountOutOfRange(field="amount", least=LEAST, most=MOST)
    if paid_on > days.day_of(at):
        raise DayInFuture(field="paid_on")
    reference = "".join(bank_reference.split()).upper()[:64]
    taken = OfflineRecharge.objects.filter(
        bank_reference=reference, state__in=[CreditState.PENDING, CreditState.APPROVED]
    )
    if taken.exists():
        raise TransferKnown(reference=reference)
    try:
        with transaction.atomic():
            found = OfflineRecharge.objects.create(
                number=ids.number("B", at),
                customer_id=UUID(customer.id),
                amount_minor=amount.minor,
                currency=amount.currency,
                payer=payer.strip()[:120],
                bank_reference=reference,
                paid_on=paid_on,
                slip=keep(upload=slip, purpose="offline-recharge", by=by, at=at),
                requested_by=by,
            )
            ask(
                kind=KIND,
                subject_id=found.public_id,
                title=f"线下充值 {found.number}：{customer.name}，{amount} 元",
                facts=[
                    (named("客户"), customer.name),
                    (named("金额"), f"{amount} 元"),
                    (named("付款户名"), found.payer),
                    (named("银行流水号"), reference),
                    (named("转账日期"), paid_on.isoformat()),
                    (named("凭证"), f"{found.slip.name}（{found.slip.digest[:12]}）"),
                ],
                requested_by=by,
            )
            record(
                "offline_recharge.submit",
                obj=found,
                after={"number": found.number, "amount": str(amount), "reference": reference},
            )
    except IntegrityError as error:  # somebody handed the same one in at this very moment
        if "offline_recharge_once" not in str(error):
            raise
        raise TransferKnown(reference=reference) from error
    return found


def decided(*, subject_id: UUID, approved: bool, by: User, reason: str, at: datetime) -> None:
    """Credits the money, once, or says why not. Locks the request; the customer is told."""
    with transaction.atomic():
        found = _locked(subject_id)
        state = CreditState.APPROVED if approved else CreditState.REJECTED
        _move(found, state, by=by, reason=reason, at=at)
        if approved:
            lots.enter(
                event="offline_recharge",
                source=f"offline:{found.number}",
                customer=customer_party(found.customer_id),
                amount=found.amount,
                origin_id=found.public_id,
                title=f"线下充值 {found.number}",
                effective_at=at,
                memo=f"线下充值 {found.number} 银行流水 {found.bank_reference}",
            )
        publish("offline_recharge.decided", {"id": str(found.public_id)})


def take_back(*, recharge: OfflineRecharge, at: datetime) -> None:
    """Whoever handed it in takes it back while it waits. Locks the request."""
    with transaction.atomic():
        found = _locked(recharge.public_id)
        _move(found, CreditState.WITHDRAWN, by=None, reason="", at=at)
        withdraw(kind=KIND, subject_id=found.public_id, reason="", at=at)


def _locked(public_id: UUID) -> OfflineRecharge:
    return OfflineRecharge.objects.select_for_update().get(public_id=public_id)


def _move(
    found: OfflineRecharge, state: CreditState, *, by: User | None, reason: str, at: datetime
) -> None:
    before = CreditState(found.state)
    if state not in CREDIT_TRANSITIONS[before]:
        raise AlreadyDecided(state=before.label)
    found.state, found.decided_by, found.reason = state, by, reason[:300]
    found.decided_at = at if by else None
    found.save(update_fields=["state", "decided_by", "decided_at", "reason"])
    record(
        "offline_recharge.move",
        obj=found,
        before={"state": before.value},
        after={"state": state.value},
        note=found.reason,
    )
