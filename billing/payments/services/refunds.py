"""Money back to where it came from. The customer's balance pays it: the amount is held while it travels."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.db import transaction

from billing.balances.services import holds
from billing.ledger.enums import PartyKind
from billing.ledger.parties import Party
from billing.payments.accounts import gateway_for
from billing.payments.enums import RefundState
from billing.payments.errors import RefundNotFound, RefundNotRepeatable, RefundTooLarge
from billing.payments.gateways.base import Gateway
from billing.payments.gateways.base import RefundState as AtProvider
from billing.payments.models import Payment, PaymentIntent, Refund
from billing.payments.parties import channel_party
from shared_apps.audit.services import record
from shared_apps.kernel import ids
from shared_apps.kernel.errors import OutcomeUnknown, ProviderError
from shared_apps.kernel.money import Money
from shared_apps.outbox.services import publish

log = structlog.get_logger(__name__)

AGAIN = timedelta(seconds=10)


def request(*, payment: Payment, amount: Money, reason: str, at: datetime) -> Refund:
    """Sets the money aside and queues the refund; the provider is asked outside of this transaction.

    Locks the payment. Σ refunds ≤ paid is also a constraint.
    """
    with transaction.atomic():
        locked = Payment.objects.select_for_update().get(pk=payment.pk)
        left = locked.amount_minor - locked.refunded_minor
        if amount.minor > left:
            raise RefundTooLarge(left=Money(left, locked.currency))
        locked.refunded_minor += amount.minor
        locked.save(update_fields=["refunded_minor"])
        refund = Refund.objects.create(
            number=ids.number("R", at),
            payment=locked,
            amount_minor=amount.minor,
            reason=reason[:200],
        )
        customer = Party(PartyKind.CUSTOMER, str(locked.customer_id))
        holds.place(
            customer=customer,
            parts=[(refund.public_id, amount)],
            at=at,
            memo=f"退款 {refund.number}",
            first=[locked.public_id],
            only_paid=True,
        )
        publish("refund.check", {"number": refund.number})
        record("refund.request", obj=refund, after={"number": refund.number, "amount": str(amount)})
    return refund


def again(*, number: str, at: datetime) -> Refund:
    """Sends anew what a provider refused: a refund of its own, out of the balance where the money is.

    Only the last refund of a payment, so that one refusal is repeated once. Locks the payment.
    """
    with transaction.atomic():
        refused = _find(number)
        payment = Payment.objects.select_for_update().get(pk=refused.payment_id)
        later = Refund.objects.filter(payment=payment, pk__gt=refused.pk)
        if refused.state != RefundState.FAILED or later.exists():
            raise RefundNotRepeatable
        amount = Money(refused.amount_minor, payment.currency)
        return request(payment=payment, amount=amount, reason=refused.reason, at=at)


def send(*, number: str, at: datetime) -> str:
    """As `ask`, and once more later while it is unsettled."""
    state = ask(number=number, at=at)
    if state == RefundState.REQUESTED:
        with transaction.atomic():
            publish("refund.check", {"number": number}, not_before=at + AGAIN)
    return state


def ask(*, number: str, at: datetime) -> str:
    """Sends a refund to the provider, or finds out what became of it; safe to repeat.

    The request number makes the provider pay once. Only a final refusal gives the money back to
    the balance; why it is not settled yet is kept for people.
    """
    refund = _find(number)
    if refund.state != RefundState.REQUESTED:
        return refund.state
    intent = refund.payment.intent
    gateway = gateway_for(intent.account)
    amount = Money(refund.amount_minor, refund.payment.currency)
    try:
        done = gateway.refund(
            number=intent.number,
            request_no=number,
            amount=amount,
            total=intent.amount,
            reason=refund.reason,
            ref=intent.provider_ref,
        )
    except OutcomeUnknown as unknown:
        log.warning("refund.unknown", number=number, detail=unknown.detail)
        why = unknown.detail
    except ProviderError as refused:
        if refused.permanent and _never_happened(gateway, intent, number):
            return _fail(number, refused.detail, at)
        log.warning("refund.try_again", number=number, detail=refused.detail)
        why = refused.detail
    else:
        if done.state is AtProvider.DONE:
            return _succeed(number, at)
        if done.state is AtProvider.FAILED:
            return _fail(number, f"支付机构关闭了退款 {done.detail}".strip(), at)
        why = done.detail
    waiting = Refund.objects.filter(number=number, state=RefundState.REQUESTED)
    waiting.exclude(detail=why[:300]).update(detail=why[:300])
    return refund.state


def _find(number: str) -> Refund:
    found = Refund.objects.select_related("payment__intent__account").filter(number=number).first()
    if found is None:
        raise RefundNotFound(number=number)
    return found


def _never_happened(gateway: Gateway, intent: PaymentIntent, request_no: str) -> bool:
    """A refusal counts once the provider also says that it knows of no such refund."""
    try:
        known = gateway.query_refund(
            number=intent.number, request_no=request_no, ref=intent.provider_ref
        )
    except ProviderError:
        return False
    return known.state is AtProvider.NOT_FOUND


def _succeed(number: str, at: datetime) -> str:
    with transaction.atomic():
        refund = Refund.objects.select_for_update().get(number=number)
        if refund.state != RefundState.REQUESTED:
            return refund.state
        account = refund.payment.intent.account
        holds.capture(
            subject_id=refund.public_id,
            event="payout",
            parties={"channel": channel_party(account)},
            at=at,
            memo=f"退款 {refund.number}",
        )
        return _finish(refund, RefundState.SUCCEEDED, "", at)


def _fail(number: str, detail: str, at: datetime) -> str:
    with transaction.atomic():
        refund = Refund.objects.select_for_update().get(number=number)
        if refund.state != RefundState.REQUESTED:
            return refund.state
        payment = Payment.objects.select_for_update().get(pk=refund.payment_id)
        payment.refunded_minor -= refund.amount_minor
        payment.save(update_fields=["refunded_minor"])
        holds.release(subject_id=refund.public_id, at=at, memo=f"退款未成功 {refund.number}")
        publish("refund.failed", {"number": refund.number})
        return _finish(refund, RefundState.FAILED, detail[:300], at)


def _finish(refund: Refund, state: RefundState, detail: str, at: datetime) -> str:
    refund.state = state
    refund.detail = detail
    refund.finished_at = at
    refund.save(update_fields=["state", "detail", "finished_at"])
    record("refund.finish", obj=refund, before={"state": "REQUESTED"}, after={"state": state.value})
    return state
