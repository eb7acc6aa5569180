"""A month's bill: out after the grace for late data, due, overdue, and paid from the balance at any time."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from billing.balances.services import holds
from billing.invoicing.services import record_consumption
from billing.ledger.errors import FloorBreached
from billing.metering.enums import BILL_TRANSITIONS, BillState
from billing.metering.errors import BillNotFound, NothingToPay
from billing.metering.models import Bill
from billing.metering.periods import GRACE, LATE, TIME_TO_PAY, next_month
from billing.metering.queries import paid_of
from shared_apps.audit.services import record
from shared_apps.kernel import ids
from shared_apps.kernel.money import Money
from shared_apps.outbox.services import publish

from . import charging, credit


def issue(*, bill_id: UUID, at: datetime) -> Bill:
    """Closes a month: nothing more comes onto its bill. Safe to repeat. Locks the bill.

    Not before the grace for late data is over: the month that runs always has a bill that is open.
    """
    with transaction.atomic():
        bill = _locked(bill_id)
        if bill.state != BillState.OPEN or at < next_month(bill.month) + LATE:
            return bill
        bill.issued_at, bill.due_at = at, at + TIME_TO_PAY
        _move(bill, BillState.DUE if bill.owed else BillState.PAID, at)
        paid = paid_of(bill=bill)
        if paid:
            record_consumption(
                line_id=bill.public_id,
                customer_id=bill.customer_id,
                name=f"{bill.month:%Y-%m} 按量账单 {bill.number}",
                amount=paid,
                at=at,
            )
        if bill.state == BillState.DUE:
            publish("bill.fall_due", {"bill": str(bill.public_id)}, not_before=bill.due_at)
            _tell(bill, "issued")
    return bill


def fall_due(*, bill_id: UUID, at: datetime) -> Bill:
    """The day has come: the balance pays if it can; otherwise the customer is told, and grace begins."""
    _try_to_pay(bill_id, at)
    with transaction.atomic():
        bill = _locked(bill_id)
        if bill.state != BillState.DUE or bill.due_at is None or bill.due_at > at:
            return bill
        _move(bill, BillState.OVERDUE, at)
        publish("bill.grace_over", {"bill": str(bill.public_id)}, not_before=bill.due_at + GRACE)
        _tell(bill, "overdue")
    return bill


def end_grace(*, bill_id: UUID, at: datetime) -> bool:
    """True where the bill is still unpaid after its grace: the customer's machines are to be suspended."""
    _try_to_pay(bill_id, at)
    with transaction.atomic():
        bill = _locked(bill_id)
        over = bill.state == BillState.OVERDUE and bill.due_at is not None
        if not over or bill.due_at is None or at < bill.due_at + GRACE:
            return False
        record("bill.end_grace", obj=bill)
        _tell(bill, "suspended")
    return True


def pay(*, bill_id: UUID, customer_id: UUID, at: datetime) -> Bill:
    """Pays what is owed of a bill from the balance, whole, also before it is out. Locks credit and bill.

    Raises NothingToPay, and the ledger's FloorBreached when the balance does not suffice.
    """
    with transaction.atomic():
        line = credit.locked(customer_id=customer_id, at=at)
        bill = _locked(bill_id)
        if bill.customer_id != customer_id:
            raise BillNotFound
        owed = bill.owed
        if not owed:
            raise NothingToPay
        repayment = ids.new_id()
        memo = f"账单 {bill.number}"
        holds.place(customer=credit.party(customer_id), parts=[(repayment, owed)], at=at, memo=memo)
        holds.capture(subject_id=repayment, event="credit_repayment", at=at, memo=memo)
        line.used_minor -= owed.minor
        line.save(update_fields=["used_minor"])
        bill.repaid_minor += owed.minor
        bill.save(update_fields=["repaid_minor"])
        record("bill.pay", obj=bill, after={"amount": str(owed)})
        if bill.state != BillState.OPEN:
            _move(bill, BillState.PAID, at)
        publish("credit.relieved", {"customer": str(customer_id)})
    return bill


def settle(*, customer_id: UUID, at: datetime) -> bool:
    """Money came or credit grew: overdue bills first, then what waited. Safe to repeat.

    True where nothing stands against going on: no bill past its grace, nothing waiting.
    """
    overdue = Bill.objects.filter(customer_id=customer_id, state=BillState.OVERDUE).order_by(
        "month"
    )
    for bill in list(overdue):
        _try_to_pay(bill.public_id, at)
    waiting = charging.book_waiting(customer_id=customer_id, at=at)
    barred = Bill.objects.filter(
        customer_id=customer_id, state=BillState.OVERDUE, due_at__lte=at - GRACE
    )
    return not waiting and not barred.exists()


def _try_to_pay(bill_id: UUID, at: datetime) -> None:
    bill = Bill.objects.get(public_id=bill_id)
    if bill.state not in (BillState.DUE, BillState.OVERDUE):
        return
    try:
        pay(bill_id=bill_id, customer_id=bill.customer_id, at=at)
    except (FloorBreached, NothingToPay):
        return


def _locked(bill_id: UUID) -> Bill:
    bill = Bill.objects.select_for_update().filter(public_id=bill_id).first()
    if bill is None:
        raise BillNotFound
    return bill


def _move(bill: Bill, state: BillState, at: datetime) -> None:
    before = BillState(bill.state)
    if state not in BILL_TRANSITIONS[before]:
        raise RuntimeError(f"A bill does not go from {before} to {state}.")
    bill.state = state
    if state == BillState.PAID:
        bill.paid_at = at
    bill.save(update_fields=["state", "issued_at", "due_at", "paid_at"])
    record("bill.move", obj=bill, before={"state": before}, after={"state": state})


def _tell(bill: Bill, what: str) -> None:
    publish(
        "bill.news",
        {
            "customer": str(bill.customer_id),
            "bill": str(bill.public_id),
            "what": what,
            "number": bill.number,
            "owed": str(Money(bill.owed.minor)),
            "due_at": bill.due_at.isoformat() if bill.due_at else "",
        },
    )
