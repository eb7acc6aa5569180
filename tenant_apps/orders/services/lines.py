"""What becomes of a paid line: it opened, it failed, or it was given back. Money follows in the same breath."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from billing.balances.services import holds
from billing.ledger.errors import FloorBreached
from billing.ledger.services import post_event
from billing.payments.models import Payment
from billing.payments.services import refunds
from billing.settlement import services as settlement
from shared_apps.audit.services import record
from shared_apps.outbox.services import publish
from tenant_apps.customers.services import notify
from tenant_apps.orders.enums import LINE_TRANSITIONS, LineState, OrderState
from tenant_apps.orders.errors import NotRefundable
from tenant_apps.orders.models import Order, OrderLine

from .paying import customer_party


def opened(*, line: OrderLine, at: datetime) -> None:
    """The machine is up: the held money is earned and every level's obligation comes about.

    Called inside the transaction that writes the resource. Locks the order and the line.
    """
    with transaction.atomic():
        order, line = _locked(line)
        _move(line, LineState.OPEN)
        holds.capture(
            subject_id=line.public_id,
            event="consumption",
            at=at,
            memo=f"订单 {order.number} 第 {line.position} 项",
        )
        settlement.record_sale(trace_id=line.public_id, at=at)
        _finish(order, at)


def failed(*, line: OrderLine, reason: str, at: datetime) -> None:
    """The machine will not come: the held money is released, and goes back to where it came from.

    Locks the order, the line and its payment. What was undone at the supplier was undone before.
    """
    with transaction.atomic():
        order, line = _locked(line)
        payment = _payment(order)
        line.failure = reason[:300]
        _move(line, LineState.FAILED)
        holds.release(
            subject_id=line.public_id,
            at=at,
            memo=f"订单 {order.number} 第 {line.position} 项未开通",
        )
        back = _send_back(payment, line, reason, at)
        where = "原支付方式，通常几分钟内到账" if back else "您的余额"
        notify(
            customer=order.customer,
            title="有资源未能开通，款项已退回",
            body=(
                f"订单 {order.number} 的“{line.name}”未能开通（{reason.rstrip('。')}）。"
                f"{line.amount} 元已退回到{where}。"
            ),
            link=f"/orders/{order.public_id}/",
            important=True,
        )
        _finish(order, at)


def refund(*, line: OrderLine, reason: str, at: datetime) -> None:
    """Takes a sale back whole: every frozen amount is negated, the machine is released.

    Locks the order, the line and its payment. Raises NotRefundable.
    """
    with transaction.atomic():
        order, line = _locked(line)
        payment = _payment(order)
        if line.state != LineState.OPEN:
            raise NotRefundable(state=line.get_state_display())
        _move(line, LineState.REFUNDED, note=reason)
        post_event(
            event="consumption_refund",
            source=f"refund:{line.public_id}",
            effective_at=at,
            parties={"customer": customer_party(order)},
            amounts={"amount": line.amount},
            memo=f"订单 {order.number} 第 {line.position} 项退款：{reason}",
        )
        settlement.record_sale_refund(trace_id=line.public_id, at=at)
        _send_back(payment, line, reason, at)
        publish("line.refunded", {"line": str(line.public_id)})
        notify(
            customer=order.customer,
            title="订单已退款",
            body=f"订单 {order.number} 的“{line.name}”已退款 {line.amount} 元，资源将被释放。",
            link=f"/orders/{order.public_id}/",
            important=True,
        )


def _locked(line: OrderLine) -> tuple[Order, OrderLine]:
    order = (
        Order.objects.select_for_update(of=("self",))
        .select_related("customer__user")
        .get(pk=line.order_id)
    )
    return order, OrderLine.objects.select_for_update().get(pk=line.pk)


def _move(line: OrderLine, state: LineState, *, note: str = "") -> None:
    before = LineState(line.state)
    if state not in LINE_TRANSITIONS[before]:
        raise NotRefundable(state=line.get_state_display())
    line.state = state
    line.save(update_fields=["state", "failure"])
    record(
        f"order_line.{state.lower()}",
        obj=line,
        before={"state": before},
        after={"state": state},
        note=note or line.failure,
    )


def _payment(order: Order) -> Payment | None:
    """The payment behind an order, locked before any balance is: refunds lock in that order too."""
    if not order.paid_intent:
        return None
    return Payment.objects.select_for_update().filter(intent__number=order.paid_intent).first()


def _send_back(payment: Payment | None, line: OrderLine, reason: str, at: datetime) -> bool:
    """Back to the provider where the order was paid there; otherwise it stays in the balance."""
    if payment is None:
        return False
    try:
        with transaction.atomic():
            refunds.request(payment=payment, amount=line.amount, reason=reason, at=at)
    except FloorBreached:
        return False
    return True


def _finish(order: Order, at: datetime) -> None:
    """When no line is opening any more, the order is over: completed, partly, or failed."""
    states = set(order.lines.values_list("state", flat=True))
    if LineState.OPENING in states or order.state != OrderState.PAID:
        return
    if states <= {LineState.OPEN, LineState.REFUNDED}:
        order.state = OrderState.COMPLETED
    elif LineState.OPEN in states:
        order.state = OrderState.PARTLY_COMPLETED
    else:
        order.state = OrderState.FAILED
    order.finished_at = at
    order.save(update_fields=["state", "finished_at"])
    record("order.finish", obj=order, before={"state": "PAID"}, after={"state": order.state})
