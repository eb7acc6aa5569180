"""From a choice to an order: priced anew, compared with what was shown, frozen through every level."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from billing.metering import queries as metering
from billing.settlement.services import freeze_waterfall
from shared_apps.audit.services import record
from shared_apps.kernel import ids
from shared_apps.kernel.money import Money
from shared_apps.outbox.services import publish
from tenant_apps.customers.models import Customer
from tenant_apps.orders.enums import LineState, OrderState
from tenant_apps.orders.errors import (
    EmptyCart,
    NoRoom,
    NotAwaitingPayment,
    PriceChanged,
    TermsNotAccepted,
    TooManyChoices,
    TooManyUnpaid,
)
from tenant_apps.orders.models import MOST_CHOICES, MOST_UNPAID, CartItem, Order, OrderLine
from tenant_apps.orders.pricing import Choice, PricedChoice, price, price_hour, sum_of

from . import paying

TIME_TO_PAY = timedelta(minutes=30)
HOURS_OF_ROOM = 2  # of a machine that is paid afterwards, before it is opened
TERMS_VERSION = "2026-11"


def place(
    *,
    customer: Customer,
    choices: Sequence[Choice],
    shown_total: Money,
    terms_version: str,
    request_key: UUID,
    at: datetime,
) -> Order:
    """Places an order at today's prices if they are those that the customer was shown.

    Safe to repeat with the same `request_key`: the first order is returned. Locks the customer's
    row. Raises PriceChanged, NoLongerSold, NoTermsInForce, TermsNotAccepted; then nothing is placed.
    """
    return _place(
        customer=customer,
        choices=choices,
        shown_total=shown_total,
        terms_version=terms_version,
        request_key=request_key,
        renews=None,
        at=at,
    )


def renew(
    *,
    line: OrderLine,
    hours: int,
    shown_total: Money,
    terms_version: str,
    request_key: UUID,
    at: datetime,
) -> Order:
    """Orders more hours for the machine that a line opened, at today's prices and terms.

    Safe to repeat with the same `request_key`. Raises what `place` raises.
    """
    return _place(
        customer=line.order.customer,
        choices=[Choice(line.plan.public_id, 1, hours)],
        shown_total=shown_total,
        terms_version=terms_version,
        request_key=request_key,
        renews=line,
        at=at,
    )


def open_postpaid(
    *,
    customer: Customer,
    plan_id: UUID,
    quantity: int,
    shown_hourly: Money,
    terms_version: str,
    request_key: UUID,
    at: datetime,
) -> Order:
    """Orders machines that are paid afterwards: nothing is due now, they are opened at once.

    What the customer can still use must bear some hours of them. Safe to repeat with the same
    `request_key`. Raises PriceChanged, NoLongerSold, NotPaidAfterwards, TermsNotAccepted, NoRoom.
    """
    with transaction.atomic():
        Customer.objects.select_for_update().get(pk=customer.pk)
        placed = Order.objects.filter(request_key=request_key, customer=customer).first()
        if placed is not None:
            return placed
        if terms_version != TERMS_VERSION:
            raise TermsNotAccepted(field="terms")
        item = price_hour(plan_id, quantity, at=at)
        if item.hourly != shown_hourly:
            raise PriceChanged(shown=shown_hourly, now=item.hourly)
        needed = Money(item.amount.minor * HOURS_OF_ROOM, item.hourly.currency)
        room = metering.room(customer_id=customer.public_id)
        if room < needed:
            raise NoRoom(needed=needed, room=room)
        order = Order.objects.create(
            number=ids.number("O", at),
            request_key=request_key,
            customer=customer,
            total_minor=0,
            currency=item.hourly.currency,
            terms_version=terms_version,
            placed_at=at,
            expires_at=at + TIME_TO_PAY,
            state=OrderState.PAID,
            paid_at=at,
        )
        for line in _lines(order, [item]):
            line.hours = line.amount_minor = 0
            line.state = LineState.OPENING
            line.save()
        record(
            "order.open_postpaid",
            obj=order,
            after={"number": order.number, "hourly": str(item.hourly), "machines": quantity},
        )
        publish("order.paid", {"order": str(order.public_id)})
    return order


def _place(
    *,
    customer: Customer,
    choices: Sequence[Choice],
    shown_total: Money,
    terms_version: str,
    request_key: UUID,
    renews: OrderLine | None,
    at: datetime,
) -> Order:
    with transaction.atomic():
        Customer.objects.select_for_update().get(pk=customer.pk)
        placed = Order.objects.filter(request_key=request_key, customer=customer).first()
        if placed is not None:
            return placed
        if not choices:
            raise EmptyCart
        if len(choices) > MOST_CHOICES:
            raise TooManyChoices(most=MOST_CHOICES)
        unpaid = Order.objects.filter(customer=customer, state=OrderState.AWAITING_PAYMENT).count()
        if unpaid >= MOST_UNPAID:
            raise TooManyUnpaid(most=MOST_UNPAID)
        if terms_version != TERMS_VERSION:
            raise TermsNotAccepted(field="terms")
        priced = price(choices, at=at)
        now = sum_of(priced)
        if now != shown_total:
            raise PriceChanged(shown=shown_total, now=now)
        order = Order.objects.create(
            number=ids.number("O", at),
            request_key=request_key,
            customer=customer,
            total_minor=now.minor,
            currency=now.currency,
            terms_version=terms_version,
            placed_at=at,
            expires_at=at + TIME_TO_PAY,
        )
        for line in _lines(order, priced):
            line.renews = renews
            line.save()
            freeze_waterfall(
                trace_id=line.public_id, plan_id=line.plan_id, hours=Decimal(line.hours), at=at
            )
        for item in priced if renews is None else ():
            CartItem.objects.filter(
                customer=customer, plan=item.plan, hours=item.choice.hours
            ).delete()
        record("order.place", obj=order, after={"number": order.number, "total": str(now)})
        publish("order.expire", {"order": str(order.public_id)}, not_before=order.expires_at)
    return order


def _lines(order: Order, priced: Sequence[PricedChoice]) -> list[OrderLine]:
    """One line a machine: each opens, fails and is refunded by itself."""
    lines: list[OrderLine] = []
    for item in priced:
        for _ in range(item.choice.quantity):
            lines.append(
                OrderLine(
                    order=order,
                    position=len(lines) + 1,
                    plan=item.plan,
                    supplier=item.plan.offering.supplier,
                    name=item.name[:120],
                    specs=item.specs,
                    hours=item.choice.hours,
                    hourly_minor=item.hourly.minor,
                    amount_minor=item.amount_each.minor,
                    currency=item.hourly.currency,
                )
            )
    return lines


def cancel(*, order_id: UUID, at: datetime, reason: str) -> None:
    """Ends an unpaid order. Money that still arrives for it goes back by itself. Locks the order."""
    with transaction.atomic():
        order = Order.objects.select_for_update().get(public_id=order_id)
        if order.state != OrderState.AWAITING_PAYMENT:
            raise NotAwaitingPayment(state=order.get_state_display())
        order.state = OrderState.CANCELLED
        order.finished_at = at
        order.save(update_fields=["state", "finished_at"])
        order.lines.update(state=LineState.CANCELLED)
        record(
            "order.cancel",
            obj=order,
            before={"state": "AWAITING_PAYMENT"},
            after={"state": "CANCELLED"},
            note=reason,
        )
        paying.end_payments(order_id=order.public_id)
