"""From what was used to what it costs: from the balance first, then on credit, and every level's obligation.

An hour that neither can bear waits as a charge; it is tried again when money comes. The price is that of
its beginning, whenever it is charged.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from billing.balances import queries as balances
from billing.balances.locking import lock_balance
from billing.balances.services import holds
from billing.ledger.services import post_event
from billing.metering.enums import BillState, ChargeState, UsageState
from billing.metering.errors import UsageConflict
from billing.metering.models import Bill, Charge, CreditLine, UsageRecord
from billing.metering.periods import LATE, next_month
from billing.pricing.proration import prorated
from billing.pricing.queries import hourly, retail_percent
from billing.settlement import services as settlement
from shared_apps.audit.services import record
from shared_apps.catalog.models import Price
from shared_apps.kernel import ids
from shared_apps.kernel.money import Money
from shared_apps.outbox.services import publish

from . import credit


def charge(*, usage: UsageRecord, machine: UUID, plan_id: int, at: datetime) -> Charge:
    """Prices one record by the terms of its beginning and books it. Safe to repeat: one record, one charge.

    Locks the customer's credit and balance. Raises UsageConflict, NotForSale, NoTermsInForce.
    """
    if usage.state != UsageState.ACCEPTED:
        raise UsageConflict
    with transaction.atomic():
        line = credit.locked(customer_id=usage.customer_id, at=at)
        known = Charge.objects.filter(usage=usage).first()
        if known is None:
            trace, _own = settlement.freeze_usage(
                machine=machine,
                plan_id=plan_id,
                starts_at=usage.starts_at,
                ends_at=usage.ends_at,
            )
            listed = Price.objects.get(plan_id=plan_id, effective__contains=usage.starts_at)
            price = hourly(listed.list_hourly, retail_percent(at=usage.starts_at))
            known = Charge.objects.create(
                usage=usage,
                customer_id=usage.customer_id,
                trace_id=trace,
                hourly_minor=price.minor,
                amount_minor=prorated(price, usage.quantity).minor,
                currency=price.currency,
            )
            record("charge.make", obj=known, after={"amount": str(known.amount)})
        if known.state == ChargeState.WAITING:
            _book(known, line, at)
    return known


def book_waiting(*, customer_id: UUID, at: datetime) -> int:
    """Books what waited for money, oldest first, as far as it reaches; returns how many still wait."""
    with transaction.atomic():
        line = credit.locked(customer_id=customer_id, at=at)
        waiting = list(
            Charge.objects.select_related("usage").filter(
                customer_id=customer_id, state=ChargeState.WAITING
            )
        )
        for number, one in enumerate(waiting):
            if not _book(one, line, at):
                return len(waiting) - number
    return 0


def _book(one: Charge, line: CreditLine, at: datetime) -> bool:
    """Takes the amount, if balance and credit bear it whole. The credit is locked."""
    lock_balance(one.customer_id)
    available = balances.balance_of(customer_id=one.customer_id).available
    own = min(one.amount_minor, max(available.minor, 0))
    rest = one.amount_minor - own
    if line.used_minor + rest > line.limit_minor and rest:
        return False
    moment = one.usage.starts_at
    memo = f"按量用量 {one.usage.record_id}"
    if own:
        holds.place(
            customer=credit.party(one.customer_id),
            parts=[(one.public_id, Money(own, one.currency))],
            at=moment,
            memo=memo,
        )
        holds.capture(subject_id=one.public_id, event="consumption", at=moment, memo=memo)
    if rest:
        line.used_minor += rest
        line.save(update_fields=["used_minor"])
        post_event(
            event="credit_consumption",
            source=f"charge:{one.public_id}",
            effective_at=moment,
            parties={"customer": credit.party(one.customer_id)},
            amounts={"amount": Money(rest, one.currency)},
            memo=memo,
        )
    settlement.record_sale(trace_id=one.trace_id, at=moment)
    bill, is_correction = _bill(one.customer_id, moment, at)
    bill.total_minor += one.amount_minor
    bill.credit_minor += rest
    bill.save(update_fields=["total_minor", "credit_minor"])
    one.bill, one.is_correction, one.credit_minor = bill, is_correction, rest
    one.state, one.booked_at = ChargeState.BOOKED, at
    one.save(update_fields=["bill", "is_correction", "credit_minor", "state", "booked_at"])
    record("charge.book", obj=one, after={"credit_minor": rest, "bill": bill.number})
    return True


def _bill(customer_id: UUID, moment: datetime, at: datetime) -> tuple[Bill, bool]:
    """The bill of the month in which it was used; of the present month when that one is out already."""
    bill = _of_month(customer_id, _month(moment), at)
    if bill.state == BillState.OPEN:
        return bill, False
    return _of_month(customer_id, _month(at), at), True


def _of_month(customer_id: UUID, month: date, at: datetime) -> Bill:
    bill, fresh = Bill.objects.select_for_update().get_or_create(
        customer_id=customer_id, month=month, defaults={"number": ids.number("B", at)}
    )
    if fresh:
        publish("bill.issue", {"bill": str(bill.public_id)}, not_before=next_month(month) + LATE)
    return bill


def _month(moment: datetime) -> date:
    return timezone.localdate(moment).replace(day=1)
