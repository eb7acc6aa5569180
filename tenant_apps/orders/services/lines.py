"""What becomes of a paid line: it opened, it failed, or it was given back. Money follows in the same breath."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.balances.queries import paid_for
from billing.balances.services import holds
from billing.invoicing import services as invoicing
from billing.ledger.errors import FloorBreached
from billing.payments.errors import RefundTooLarge
from billing.payments.models import Payment
from billing.payments.services import refunds
from billing.settlement import services as settlement
from shared_apps.approvals.services import ask
from shared_apps.audit.services import record
from shared_apps.identity.models import User
from shared_apps.kernel.money import Money
from shared_apps.outbox.services import publish
from tenant_apps.customers.services import notify
from tenant_apps.orders.enums import (
    LINE_TRANSITIONS,
    REFUND_TRANSITIONS,
    LineState,
    OrderState,
    RefundState,
    RefundTo,
)
from tenant_apps.orders.errors import NothingToRefund, NotRefundable, RefundBeyond
from tenant_apps.orders.models import LineRefund, Order, OrderLine
from tenant_apps.orders.refunds import refundable

REFUND_KIND = "order.refund"


def opened(*, line: OrderLine, at: datetime) -> None:
    """The machine is up: the held money is earned and every level's obligation comes about.

    Called inside the transaction that writes the resource. Locks the order and the line.
    """
    with transaction.atomic():
        order, line = _locked(line)
        line.opened_at = at
        _move(line, LineState.OPEN)
        if line.amount_minor:  # what is paid afterwards is earned hour by hour
            _earn(order, line, at)
        _finish(order, at)


def _earn(order: Order, line: OrderLine, at: datetime) -> None:
    holds.capture(
        subject_id=line.public_id,
        event="consumption",
        at=at,
        details=_details(line),
        memo=f"订单 {order.number} 第 {line.position} 项",
    )
    settlement.record_sale(trace_id=line.public_id, at=at)
    paid = paid_for(subject_id=line.public_id)
    if paid:  # what was given is not on invoices
        invoicing.record_consumption(
            line_id=line.public_id,
            customer_id=order.customer.public_id,
            order_id=order.public_id,
            order_number=order.number,
            name=line.name,
            amount=paid,
            at=at,
        )


def _details(line: OrderLine) -> dict[str, str]:
    """What posting rules may ask of a sale."""
    return {"supplier": line.supplier.slug, "category": "GPU" if line.specs.get("gpu") else "CPU"}


def failed(*, line: OrderLine, reason: str, at: datetime) -> None:
    """The machine will not come: the held money is released, and goes back to where it came from.

    Locks the order, the line and its payment. What was undone at the supplier was undone before.
    """
    with transaction.atomic():
        order, line = _locked(line)
        payment = _payment(order)
        line.failure = reason[:300]
        _move(line, LineState.FAILED)
        if line.amount_minor:
            holds.release(
                subject_id=line.public_id,
                at=at,
                memo=f"订单 {order.number} 第 {line.position} 项未开通",
            )
            back = _send_back(payment, line.amount, reason, at)
            where = "原支付方式，通常几分钟内到账" if back else "您的余额"
            then = f"{line.amount} 元已退回到{where}。"
        else:
            then = "没有产生费用。"
        notify(
            customer=order.customer,
            title="有资源未能开通，款项已退回" if line.amount_minor else "有资源未能开通",
            body=(f"订单 {order.number} 的“{line.name}”未能开通（{reason.rstrip('。')}）。{then}"),
            link=f"/orders/{order.public_id}/",
            important=True,
        )
        _finish(order, at)


def refund(*, line: OrderLine, reason: str, at: datetime) -> None:
    """Takes a line back whole: what is left of every frozen amount is negated, the machine is released.

    Locks the order, the line and its payment. Raises NotRefundable, RefundWindowOver.
    """
    with transaction.atomic():
        order, line = _locked(line)
        _check_open(line)
        back = LineRefund.objects.create(
            line=line,
            hours=line.hours - line.refunded_hours,
            amount_minor=line.kept.minor,
            currency=line.currency,
            reason=reason[:120],
            to=RefundTo.SOURCE,
        )
        _give_back(order, line, back, at)


def ask_refund(
    *,
    line: OrderLine,
    reason: str,
    to: RefundTo,
    by: User,
    at: datetime,
    hours: int | None = None,
    amount: Money | None = None,
) -> LineRefund:
    """Gives back hours, or an amount, or without either everything that was not used.

    Above the shop's bound a second person decides first: then the refund waits as ASKED. Locks the
    order, the line and its payment. Raises NotRefundable, NothingToRefund, RefundBeyond, RefundWindowOver.
    """
    with transaction.atomic():
        order, line = _locked(line)
        _check_open(line)
        waiting = line.refunds.filter(state=RefundState.ASKED).aggregate(n=Sum("amount_minor"))["n"]
        hours, amount = _asked(line, hours, amount, at)
        left = line.kept.minor - (waiting or 0)
        if amount.minor > left:
            raise RefundBeyond(left=_("%(sum)s 元") % {"sum": Money(left, line.currency)})
        back = LineRefund.objects.create(
            line=line,
            hours=hours,
            amount_minor=amount.minor,
            currency=line.currency,
            reason=reason[:120],
            to=to,
        )
        record(
            "line_refund.ask", obj=back, after={"amount": str(amount), "hours": hours}, note=reason
        )
        if amount.minor <= settings.REFUND_ALONE_MINOR:
            _give_back(order, line, back, at)
        else:
            ask(
                kind=REFUND_KIND,
                subject_id=back.public_id,
                title=_("订单 %(number)s 第 %(n)s 项退款 %(sum)s 元")
                % {"number": order.number, "n": line.position, "sum": amount},
                facts=[
                    (_("客户"), str(order.customer)),
                    (_("项目"), line.name),
                    (_("已付"), f"{line.amount} {_('元')}"),
                    (_("此前已退"), f"{line.refunded} {_('元')}"),
                    (_("本次退款"), f"{amount} {_('元')}"),
                    (_("退还小时"), str(hours)),
                    (_("退到"), str(RefundTo(to).label)),
                    (_("原因"), reason),
                ],
                requested_by=by,
                beneficiary=order.customer.user.public_id,
            )
    return back


def _asked(
    line: OrderLine, hours: int | None, amount: Money | None, at: datetime
) -> tuple[int, Money]:
    """The hours and the money that are asked for; an amount beyond the unused hours is for the database
    to judge, which knows whether the operator agreed."""
    may = refundable(line, at=at)
    if amount is not None and hours is None:
        if not amount.minor > 0:
            raise NothingToRefund
        return 0, amount
    if not may.amount:
        raise NothingToRefund
    if hours is None:
        return may.hours, may.amount
    if not 1 <= hours <= may.hours:
        raise RefundBeyond(left=ngettext("%(n)s 小时", "%(n)s 小时", may.hours) % {"n": may.hours})
    return hours, may.of_hours(line, hours)


def refund_decided(
    *, subject_id: UUID, approved: bool, by: User, reason: str, at: datetime
) -> None:
    """The second person's word on a refund: carried out, or told to the customer. Locks the line."""
    back = LineRefund.objects.select_related("line__order").get(public_id=subject_id)
    with transaction.atomic():
        order, line = _locked(back.line)
        back = LineRefund.objects.select_for_update().get(pk=back.pk)
        if approved:
            _check_open(line)
            _give_back(order, line, back, at)
            return
        _end(back, RefundState.REJECTED, at)
        notify(
            customer=order.customer,
            title="退款申请未通过",
            body=f"订单 {order.number} 的“{line.name}”退款 {back.amount} 元未通过：{reason}",
            link=f"/orders/{order.public_id}/",
            important=True,
        )


def _check_open(line: OrderLine) -> None:
    if line.state != LineState.OPEN:
        raise NotRefundable(state=line.get_state_display())
    if not line.amount_minor:
        raise NothingToRefund


def _give_back(order: Order, line: OrderLine, back: LineRefund, at: datetime) -> None:
    """Books one refund at the customer and at every level, and sends the money on its way."""
    payment = _payment(order) if back.to == RefundTo.SOURCE else None
    returned = line.refunded_minor + back.amount_minor
    hours = line.refunded_hours + back.hours
    if returned > line.amount_minor or hours > line.hours:
        raise RefundBeyond(left=_("%(sum)s 元") % {"sum": line.kept})
    line.refunded_minor, line.refunded_hours = returned, hours
    line.save(update_fields=["refunded_minor", "refunded_hours"])
    parts = holds.undo_capture(
        subject_id=line.public_id,
        amount=back.amount,
        event="consumption_refund",
        source=f"refund:{back.public_id}",
        at=at,
        details=_details(line),
        memo=f"订单 {order.number} 第 {line.position} 项退款：{back.reason}",
    )
    settlement.record_sale_refund(
        trace_id=line.public_id,
        refund_id=back.public_id,
        returned=line.refunded,
        paid=line.amount,
        at=at,
    )
    invoicing.record_return(
        line_id=line.public_id, amount=parts.get("amount", Money.zero(line.currency))
    )
    sent = _send_back(payment, back.amount, back.reason, at)
    _end(back, RefundState.DONE, at)
    whole = returned == line.amount_minor
    if whole:
        _move(line, LineState.REFUNDED, note=back.reason)
        publish("line.refunded", {"line": str(line.public_id)})
    elif back.hours:
        publish("line.shortened", {"line": str(line.public_id)})
    where = "原支付方式" if sent else "您的余额"
    then = "资源将被释放。" if whole else f"使用时间缩短 {back.hours} 小时。" if back.hours else ""
    notify(
        customer=order.customer,
        title="订单已退款",
        body=f"订单 {order.number} 的“{line.name}”已退款 {back.amount} 元到{where}。{then}",
        link=f"/orders/{order.public_id}/",
        important=True,
    )


def _end(back: LineRefund, state: RefundState, at: datetime) -> None:
    before = RefundState(back.state)
    if state not in REFUND_TRANSITIONS[before]:
        raise NotRefundable(state=before.label)
    back.state, back.finished_at = state, at
    back.save(update_fields=["state", "finished_at"])
    record("line_refund.finish", obj=back, before={"state": before}, after={"state": state})


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
    line.save(update_fields=["state", "failure", "opened_at"])
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


def _send_back(payment: Payment | None, amount: Money, reason: str, at: datetime) -> bool:
    """Back to the provider where the order was paid there; otherwise it stays in the balance."""
    if payment is None:
        return False
    try:
        with transaction.atomic():
            refunds.request(payment=payment, amount=amount, reason=reason, at=at)
    except (FloorBreached, RefundTooLarge):
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
