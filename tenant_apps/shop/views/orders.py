"""The customer's orders: the list, one order, and the part of it that moves by itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from shared_apps.audit import queries as audit
from shared_apps.identity.access import Customer, access, person
from shared_apps.kernel.money import Money
from tenant_apps.fulfilment import queries as resources
from tenant_apps.fulfilment.enums import WorkState
from tenant_apps.orders import queries as orders
from tenant_apps.orders.enums import LineState, OrderState, PayBy
from tenant_apps.orders.models import Order, OrderLine
from tenant_apps.shop.cards import hours_label

PER_PAGE = 20

_TABS = (
    ("", gettext_lazy("全部")),
    (OrderState.AWAITING_PAYMENT, gettext_lazy("待支付")),
    (OrderState.PAID, gettext_lazy("开通中")),
    (OrderState.COMPLETED, gettext_lazy("已完成")),
    (OrderState.FAILED, gettext_lazy("开通失败")),
)


@access(Customer)
@require_GET
def order_list(request: HttpRequest) -> HttpResponse:
    state = request.GET.get("state", "")
    state = state if state in OrderState.values else ""
    found = orders.find(user=person(request), state=state).prefetch_related("lines")
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "shop/orders.html",
        {
            "orders": [
                {
                    "number": order.number,
                    "url": reverse("shop:order", args=[order.public_id]),
                    "what": _what(list(order.lines.all())),
                    "amount": order.total,
                    "state": order.state,
                    "state_label": order.get_state_display(),
                    "tone": ORDER_TONES[OrderState(order.state)],
                    "placed_at": order.placed_at,
                }
                for order in page
            ],
            "page": page,
            "tabs": [
                {
                    "label": label,
                    "url": f"{reverse('shop:orders')}?state={value}"
                    if value
                    else reverse("shop:orders"),
                    "active": value == state,
                }
                for value, label in _TABS
            ],
            "section": "mine",
        },
    )


ORDER_TONES = {
    OrderState.AWAITING_PAYMENT: "amber",
    OrderState.PAID: "amber",
    OrderState.COMPLETED: "green",
    OrderState.PARTLY_COMPLETED: "amber",
    OrderState.FAILED: "red",
    OrderState.CANCELLED: "grey",
}
LINE_TONES = {
    LineState.WAITING: "amber",
    LineState.OPENING: "amber",
    LineState.OPEN: "green",
    LineState.FAILED: "red",
    LineState.REFUNDED: "grey",
    LineState.CANCELLED: "grey",
}


def _what(lines: list[OrderLine]) -> str:
    first = lines[0].name if lines else ""
    return first if len(lines) < 2 else _("%(name)s 等 %(n)s 台") % {"name": first, "n": len(lines)}


@access(Customer)
@require_GET
def order(request: HttpRequest, public_id: UUID) -> HttpResponse:
    if "out_trade_no" in request.GET:  # back from the provider; what it says here proves nothing
        return redirect("shop:order", public_id)
    return render(request, "shop/order.html", _order_context(request, public_id))


@access(Customer)
@require_GET
def order_state(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The live part of the order page; when nothing moves any more, the whole page is shown anew."""
    context = _order_context(request, public_id)
    response = render(request, "shop/_order_state.html", context)
    if not context["live"]:
        response["HX-Refresh"] = "true"
    return response


def _order_context(request: HttpRequest, public_id: UUID) -> dict[str, Any]:
    found = orders.order(person(request), public_id)
    lines = list(found.lines.all())
    ids = [line.public_id for line in lines]
    made = resources.of_lines(line_ids=ids)
    waiting = found.state == OrderState.AWAITING_PAYMENT
    return {
        "order": {
            "number": found.number,
            "url": reverse("shop:order", args=[public_id]),
            "state": found.state,
            "state_label": found.get_state_display(),
            "tone": ORDER_TONES[OrderState(found.state)],
            "placed_at": found.placed_at,
            "paid_at": found.paid_at,
            "paid_by": PayBy(found.paid_by).label if found.paid_by else "",
            "terms_version": found.terms_version,
        },
        "steps": _steps(found, lines, resources.work_of(line_ids=ids)),
        "live": found.state in (OrderState.AWAITING_PAYMENT, OrderState.PAID),
        "state_url": reverse("shop:order_state", args=[public_id]),
        "lines": [
            {
                "name": line.name,
                "detail": f"{Money(line.hourly_minor)} {_('元/小时')} × {hours_label(line.hours)}",
                "amount": line.amount,
                "state": line.state,
                "state_label": line.get_state_display(),
                "tone": LINE_TONES[LineState(line.state)],
                "failure": line.failure,
                "resource_url": reverse("shop:resource", args=[made[line.public_id].public_id])
                if line.public_id in made
                else "",
            }
            for line in lines
        ],
        "sums": [{"label": _("共 %(n)s 台") % {"n": len(lines)}, "amount": found.total}],
        "due": found.total,
        "events": _order_events(found),
        "pay_url": reverse("shop:pay", args=[public_id]) if waiting else "",
        "cancel_url": reverse("shop:order_cancel", args=[public_id]) if waiting else "",
        "section": "mine",
    }


def _steps(order: Order, lines: list[OrderLine], work: Iterable[Any]) -> list[dict[str, str]]:
    """已支付 → 已派单 → 开通中 → 可使用."""
    states = {line.state for line in lines}
    begun = any(w.state != WorkState.QUEUED for w in work)
    over = order.finished_at is not None
    paid = order.paid_at is not None
    good = order.state in (OrderState.COMPLETED, OrderState.PARTLY_COMPLETED)

    def mark(*, done: bool, now: bool, failed: bool = False) -> str:
        return "failed" if failed else "done" if done else "now" if now else "todo"

    return [
        {"label": _("已支付"), "state": mark(done=paid, now=not paid, failed=over and not paid)},
        {
            "label": _("已派单"),
            "state": mark(done=begun or (paid and over), now=paid and not begun),
        },
        {
            "label": _("开通中"),
            "state": mark(
                done=paid and over and good,
                now=begun and not over,
                failed=paid and over and not good,
            ),
        },
        {
            "label": _("可使用"),
            "state": mark(done=paid and over and good, now=False),
            "note": _("部分未开通")
            if LineState.FAILED in states and LineState.OPEN in states
            else "",
        },
    ]


_ORDER_EVENTS = {
    "order.place": (gettext_lazy("已下单，价格锁定"), "grey"),
    "order.start_payment": (gettext_lazy("已发起支付"), "grey"),
    "order.pay": (gettext_lazy("已收到付款"), "green"),
    "work_order.open_order": (gettext_lazy("已派单给供应商"), "amber"),
    "order.finish": (gettext_lazy("订单处理完毕"), "green"),
    "order.cancel": (gettext_lazy("订单已取消"), "grey"),
}


def _order_events(order: Order) -> list[dict[str, Any]]:
    return [
        {
            "at": row.at,
            "title": _ORDER_EVENTS[row.action][0],
            "tone": _ORDER_EVENTS[row.action][1],
        }
        for row in audit.history(order)
        if row.action in _ORDER_EVENTS
    ]
