"""Paid money back to a bank account: held at once, checked by a second person, then transferred by finance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_noop as named

from billing.balances.enums import PAYOUT_TRANSITIONS, PayoutState
from billing.balances.errors import AlreadyDecided, ReferenceTaken
from billing.balances.models import BankPayout
from billing.ledger.parties import Party
from shared_apps.approvals.services import ask
from shared_apps.audit.services import record
from shared_apps.identity.models import User
from shared_apps.kernel import ids, secrets
from shared_apps.kernel.money import Money
from shared_apps.outbox.services import publish

from . import holds

KIND = "bank_payout"


@dataclass(frozen=True, slots=True)
class BankAccount:
    bank: str
    name: str
    number: str


def request(
    *,
    customer: Party,
    amount: Money,
    to: BankAccount,
    by: User,
    at: datetime,
    first: Sequence[UUID] = (),
) -> BankPayout:
    """Holds the amount, of paid money alone, and asks a second person. Locks the customer's balance.

    `first` are the origins whose money goes before any other. Raises FloorBreached.
    """
    digits = "".join(to.number.split())
    with transaction.atomic():
        payout = BankPayout.objects.create(
            number=ids.number("W", at),
            customer_id=UUID(customer.id),
            amount_minor=amount.minor,
            currency=amount.currency,
            bank=to.bank.strip()[:120],
            account_name=to.name.strip()[:120],
            account_sealed=secrets.seal(digits),
            account_tail=digits[-4:],
            requested_by=by,
        )
        holds.place(
            customer=customer,
            parts=[(payout.public_id, amount)],
            at=at,
            memo=f"提现 {payout.number}",
            first=first,
            only_paid=True,
        )
        ask(
            kind=KIND,
            subject_id=payout.public_id,
            title=f"提现到银行 {payout.number}：{customer.name}，{amount} 元",
            facts=[
                (named("客户"), customer.name),
                (named("金额"), f"{amount} 元"),
                (named("开户银行"), payout.bank),
                (named("户名"), payout.account_name),
                (named("账号尾号"), payout.account_tail),
            ],
            requested_by=by,
        )
        record(
            "bank_payout.request",
            obj=payout,
            after={"number": payout.number, "amount": str(amount), "tail": payout.account_tail},
        )
    return payout


def decided(*, subject_id: UUID, approved: bool, by: User, reason: str, at: datetime) -> None:
    """Lets finance transfer it, or gives the money back to the balance. Locks the payout."""
    with transaction.atomic():
        payout = BankPayout.objects.select_for_update().get(public_id=subject_id)
        payout.decided_by, payout.decided_at = by, at
        if approved:
            _move(payout, PayoutState.APPROVED, "", None)
        else:
            _stays(payout, PayoutState.REJECTED, reason, at)


def transferred(*, payout: BankPayout, bank_reference: str, at: datetime) -> None:
    """The bank has paid: the held money is gone. Locks the payout; a reference counts once."""
    reference = "".join(bank_reference.split()).upper()[:64]
    try:
        with transaction.atomic():
            found = BankPayout.objects.select_for_update().get(pk=payout.pk)
            found.bank_reference = reference
            _move(found, PayoutState.PAID, "", at)
            holds.capture(
                subject_id=found.public_id,
                event="bank_payout",
                at=at,
                memo=f"提现 {found.number} 银行流水 {reference}",
            )
    except IntegrityError as error:
        if "bank_payout_once" not in str(error):
            raise
        raise ReferenceTaken(reference=reference) from error


def came_back(*, payout: BankPayout, reason: str, at: datetime) -> None:
    """The bank could not pay: the money stays in the balance, and the customer reads why."""
    with transaction.atomic():
        found = BankPayout.objects.select_for_update().get(pk=payout.pk)
        _stays(found, PayoutState.FAILED, reason, at)


def _stays(payout: BankPayout, state: PayoutState, reason: str, at: datetime) -> None:
    _move(payout, state, reason, at)
    holds.release(subject_id=payout.public_id, at=at, memo=f"提现未成功 {payout.number}")


def _move(payout: BankPayout, state: PayoutState, reason: str, at: datetime | None) -> None:
    before = PayoutState(payout.state)
    if state not in PAYOUT_TRANSITIONS[before]:
        raise AlreadyDecided(state=before.label)
    payout.state, payout.reason, payout.finished_at = state, reason[:300], at
    payout.save()
    record(
        "bank_payout.move",
        obj=payout,
        before={"state": before.value},
        after={"state": state.value},
        note=payout.reason,
    )
    publish("bank_payout.moved", {"id": str(payout.public_id)})
