"""What each state means to the people of the back office: green done, amber waiting, red failed, grey ended."""

from __future__ import annotations

from django.utils.translation import gettext as _

from billing.balances.enums import CreditState, HoldState, PayoutState
from billing.invoicing.enums import InvoiceState
from billing.ledger.enums import PeriodState, RuleState, VoucherState
from billing.metering.enums import BillState, ChargeState, UsageState
from billing.payments.enums import EventState, IntentState, RefundState
from billing.reconciliation.enums import DayState, Result, Treatment
from shared_apps.approvals.enums import State as ApprovalState
from shared_apps.catalog.enums import OfferingState
from shared_apps.distributors.models import State as DistributorState
from shared_apps.outbox.models import State as DeliveryState
from shared_apps.suppliers.enums import AgreementState, SupplierState
from tenant_apps.fulfilment.enums import ResourceState, WorkKind, WorkState
from tenant_apps.orders.enums import LineState, OrderState
from tenant_apps.orders.enums import RefundState as LineRefundState

from .cells import AMBER, GREEN, GREY, RED, Mark, mark


def order(state: str) -> Mark:
    return mark(
        OrderState,
        state,
        {
            GREEN: [OrderState.COMPLETED],
            AMBER: [OrderState.AWAITING_PAYMENT, OrderState.PAID, OrderState.PARTLY_COMPLETED],
            RED: [OrderState.FAILED],
        },
    )


def approval(state: str) -> Mark:
    return mark(
        ApprovalState,
        state,
        {
            GREEN: [ApprovalState.APPROVED],
            AMBER: [ApprovalState.PENDING],
            RED: [ApprovalState.REJECTED],
        },
    )


def line(state: str) -> Mark:
    return mark(
        LineState,
        state,
        {
            GREEN: [LineState.OPEN],
            AMBER: [LineState.WAITING, LineState.OPENING],
            RED: [LineState.FAILED],
        },
    )


def bill(state: str) -> Mark:
    return mark(
        BillState,
        state,
        {GREEN: [BillState.PAID], AMBER: [BillState.DUE], RED: [BillState.OVERDUE]},
    )


def usage(state: str, charge: str) -> Mark:
    """A record with its charge in one word: only what counts is charged."""
    if charge:
        return mark(
            ChargeState, charge, {GREEN: [ChargeState.BOOKED], AMBER: [ChargeState.WAITING]}
        )
    return mark(UsageState, state, {RED: [UsageState.CONFLICT], AMBER: [UsageState.ACCEPTED]})


def line_refund(state: str) -> Mark:
    return mark(
        LineRefundState,
        state,
        {
            GREEN: [LineRefundState.DONE],
            AMBER: [LineRefundState.ASKED],
            RED: [LineRefundState.REJECTED],
        },
    )


def resource(state: str) -> Mark:
    return mark(
        ResourceState,
        state,
        {
            GREEN: [ResourceState.RUNNING],
            AMBER: [ResourceState.ENDING],
            RED: [ResourceState.SUSPENDED],
        },
    )


def work(kind: str, state: str) -> Mark:
    if kind == WorkKind.TERMINATE and state == WorkState.PROVISIONING:
        return Mark(_("释放中"), AMBER)
    return mark(
        WorkState,
        state,
        {
            GREEN: [WorkState.DONE],
            RED: [WorkState.FAILED],
            AMBER: [
                WorkState.QUEUED,
                WorkState.PROVISIONING,
                WorkState.BINDING,
                WorkState.UNDOING,
            ],
        },
    )


def intent(state: str) -> Mark:
    return mark(IntentState, state, {GREEN: [IntentState.SUCCEEDED], AMBER: [IntentState.OPEN]})


def refund(state: str) -> Mark:
    return mark(
        RefundState,
        state,
        {
            GREEN: [RefundState.SUCCEEDED],
            AMBER: [RefundState.REQUESTED],
            RED: [RefundState.FAILED],
        },
    )


def invoice(state: str) -> Mark:
    return mark(
        InvoiceState,
        state,
        {
            GREEN: [InvoiceState.ISSUED],
            AMBER: [InvoiceState.REQUESTED],
            RED: [InvoiceState.REJECTED],
        },
    )


def reconciled(state: str) -> Mark:
    return mark(
        DayState,
        state,
        {
            GREEN: [DayState.BALANCED],
            AMBER: [DayState.WAITING, DayState.RUNNING],
            RED: [DayState.OPEN, DayState.FAILED],
        },
    )


def compared(result: str) -> Mark:
    waits = {AMBER: [Result.DAY, Result.FEE], GREEN: [Result.MATCHED]}
    return mark(Result, result, {**waits, RED: [r for r in Result.values if r not in _CALM]})


_CALM = (Result.DAY, Result.FEE, Result.MATCHED)


def treated(treatment: str) -> Mark | None:
    """Nothing where nothing was to be done."""
    if treatment == Treatment.NONE:
        return None
    tones = {AMBER: [Treatment.OPEN, Treatment.ASKED], GREEN: [Treatment.ADJUSTED]}
    return mark(Treatment, treatment, tones)


def credit(state: str) -> Mark:
    return mark(
        CreditState,
        state,
        {
            GREEN: [CreditState.APPROVED],
            AMBER: [CreditState.PENDING],
            RED: [CreditState.REJECTED],
        },
    )


def payout(state: str) -> Mark:
    return mark(
        PayoutState,
        state,
        {
            GREEN: [PayoutState.PAID],
            AMBER: [PayoutState.PENDING, PayoutState.APPROVED],
            RED: [PayoutState.REJECTED, PayoutState.FAILED],
        },
    )


def hold(state: str) -> Mark:
    return mark(HoldState, state, {GREEN: [HoldState.CAPTURED], AMBER: [HoldState.HELD]})


def event(state: str) -> Mark:
    return mark(EventState, state, {GREEN: [EventState.ACCEPTED], RED: [EventState.REFUSED]})


def supplier(state: str) -> Mark:
    return mark(
        SupplierState,
        state,
        {GREEN: [SupplierState.ACTIVE], AMBER: [SupplierState.SUSPENDED]},
    )


def agreement(state: str) -> Mark:
    return mark(AgreementState, state, {GREEN: [AgreementState.ACTIVE]})


def offering(state: str) -> Mark:
    return mark(
        OfferingState, state, {GREEN: [OfferingState.ACTIVE], AMBER: [OfferingState.PAUSED]}
    )


def distributor(state: str) -> Mark:
    return mark(
        DistributorState,
        state,
        {GREEN: [DistributorState.ACTIVE], AMBER: [DistributorState.SUSPENDED]},
    )


def delivery(state: str, attempts: int) -> Mark:
    if state == DeliveryState.PENDING and attempts:
        return Mark(_("重试中"), AMBER)
    tones = {
        GREEN: [DeliveryState.DONE],
        AMBER: [DeliveryState.PENDING],
        RED: [DeliveryState.DEAD],
        GREY: [],
    }
    return mark(DeliveryState, state, tones)


def rule_version(state: str) -> Mark:
    return mark(RuleState, state, {GREEN: [RuleState.ON], AMBER: [RuleState.DRAFT]})


def voucher(state: str) -> Mark:
    tones = {
        GREEN: [VoucherState.POSTED],
        AMBER: [VoucherState.DRAFT, VoucherState.ASKED],
        RED: [VoucherState.REJECTED],
    }
    return mark(VoucherState, state, tones)


def period(state: str) -> Mark:
    return mark(PeriodState, state, {GREEN: [PeriodState.CLOSED]})
