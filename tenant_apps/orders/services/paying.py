"""An order is paid when its sum is held on the customer's balance, however the money came there."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import structlog
from django.db import transaction

from billing.balances.services import holds
from billing.ledger.enums import PartyKind
from billing.ledger.errors import FloorBreached
from billing.ledger.parties import Party
from billing.payments.enums import IntentState
from billing.payments.models import PaymentIntent
from billing.payments.services import intents, refunds
from shared_apps.audit.services import record
from shared_apps.outbox.services import publish
from tenant_apps.customers.services import notify
from tenant_apps.orders.enums import LineState, OrderState, PayBy
from tenant_apps.orders.errors import NotAwaitingPayment, PaymentTimeOver
from tenant_apps.orders.models import Order

log = structlog.get_logger(__name__)


def customer_party(order: Order) -> Party:
    return Party(PartyKind.CUSTOMER, str(order.customer.public_id), str(order.customer))


def pay_from_balance(
    *, order: Order, at: datetime, paid_by: str = PayBy.BALANCE, paid_with: UUID | None = None
) -> Order:
    """Holds the order's sum, line by line, and sends the order on its way; all or nothing.

    `paid_with` is the payment that was made for it: its money is used before any other of the balance.
    Locks the order and the customer's balance. Raises FloorBreached when the balance is too small.
    """
    with transaction.atomic():
        order = (
            Order.objects.select_for_update(of=("self",))
            .select_related("customer__user")
            .get(pk=order.pk)
        )
        if order.state != OrderState.AWAITING_PAYMENT:
            raise NotAwaitingPayment(state=order.get_state_display())
        if paid_by == PayBy.BALANCE and at >= order.expires_at:
            raise PaymentTimeOver
        lines = list(order.lines.all())
        holds.place(
            customer=customer_party(order),
            parts=[(line.public_id, line.amount) for line in lines],
            at=at,
            memo=f"订单 {order.number}",
            first=[paid_with] if paid_with else [],
        )
        order.state = OrderState.PAID
        order.paid_at = at
        order.paid_by = paid_by
        order.save(update_fields=["state", "paid_at", "paid_by"])
        order.lines.update(state=LineState.OPENING)
        record(
            "order.pay",
            obj=order,
            before={"state": "AWAITING_PAYMENT"},
            after={"state": "PAID", "paid_by": paid_by, "total": str(order.total)},
        )
        publish("order.paid", {"order": str(order.public_id)})
        end_payments(order_id=order.public_id)
    return order


def start_payment(
    *, order: Order, method: str, back: intents.Return, at: datetime
) -> PaymentIntent:
    """Opens a payment at a provider for the whole order; an open one of the same kind is used again.

    Those of other kinds are closed at their providers. Where one of them turns out to be paid, no
    other is opened: NotAwaitingPayment.
    """
    if order.state != OrderState.AWAITING_PAYMENT or at >= order.expires_at:
        raise NotAwaitingPayment(state=order.get_state_display())
    open_one = (
        PaymentIntent.objects.filter(
            order_id=order.public_id, method=method, state=IntentState.OPEN, expires_at__gt=at
        )
        .exclude(redirect_url="", qr_content="")
        .first()
    )
    if open_one is not None:
        _close_payments(order.public_id, at, but=open_one.number)
        return open_one
    if IntentState.SUCCEEDED in _close_payments(order.public_id, at):
        raise NotAwaitingPayment(state=IntentState.SUCCEEDED.label)
    record("order.start_payment", obj=order, after={"method": method})
    return intents.start(
        method=method,
        customer=customer_party(order),
        amount=order.total,
        subject=f"订单 {order.number}",
        order_id=order.public_id,
        back=back,
        expires_at=order.expires_at,
        at=at,
    )


def end_payments(*, order_id: UUID) -> None:
    """The order needs no more payments: asks, after this transaction, for those still open to be closed."""
    if PaymentIntent.objects.filter(order_id=order_id, state=IntentState.OPEN).exists():
        publish("order.end_payments", {"order": str(order_id)})


def close_payments(*, order_id: UUID, at: datetime) -> None:
    """Closes what is still open at the providers; what was paid meanwhile is sent back by itself."""
    _close_payments(order_id, at)


def _close_payments(order_id: UUID, at: datetime, *, but: str = "") -> list[str]:
    """The states that they are in afterwards."""
    found = PaymentIntent.objects.filter(order_id=order_id, state=IntentState.OPEN)
    numbers = found.exclude(number=but).values_list("number", flat=True)
    return [intents.give_up(number=number, at=at) for number in list(numbers)]


def payment_arrived(*, number: str, at: datetime) -> None:
    """The money of a payment stands in the balance: hold it for its order, or send it back.

    A second payment, or one for an order that is over, is refunded by itself. Safe to repeat.
    """
    intent = PaymentIntent.objects.select_related("payment").get(number=number)
    if intent.order_id is None:
        return
    with transaction.atomic():
        order = (
            Order.objects.select_for_update(of=("self",))
            .select_related("customer__user")
            .get(public_id=intent.order_id)
        )
        if order.state == OrderState.AWAITING_PAYMENT:
            _hold_for(order, intent, at)
        elif order.paid_intent != intent.number and not intent.payment.refunded_minor:
            _send_back(order, intent, at)


def _hold_for(order: Order, intent: PaymentIntent, at: datetime) -> None:
    try:
        with transaction.atomic():
            pay_from_balance(
                order=order,
                at=at,
                paid_by=PayBy(intent.method).value,
                paid_with=intent.payment.public_id,
            )
    except FloorBreached:
        _tell(
            order,
            "支付款已存入余额",
            f"订单 {order.number} 的支付款已到账并存入余额，但余额已用于其他订单，请补足后再支付。",
        )
    else:
        Order.objects.filter(pk=order.pk).update(paid_intent=intent.number)


def _send_back(order: Order, intent: PaymentIntent, at: datetime) -> None:
    """Refunds to where it came from; what the customer has spent meanwhile can't be sent back."""
    sentence = f"订单 {order.number} 已关闭或已支付，本次支付的 {intent.amount} 元"
    try:
        with transaction.atomic():
            refunds.request(
                payment=intent.payment, amount=intent.amount, reason="订单已关闭或已支付", at=at
            )
    except FloorBreached:
        _tell(order, "多付的款项已存入余额", f"{sentence}已存入余额，可用于其他订单。")
    else:
        _tell(order, "多付的款项正在退回", f"{sentence}将原路退回，通常几分钟内到账。")


def _tell(order: Order, title: str, body: str) -> None:
    notify(customer=order.customer, title=title, body=body, link=f"/orders/{order.public_id}/")
