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
from shared_apps.kernel import clock
from shared_apps.kernel.money import Money
from tenant_apps.fulfilment import queries as resources
from tenant_apps.fulfilment.enums import WorkState
from tenant_apps.orders import queries as orders
from tenant_apps.orders.enums import LineState, OrderState, PayBy
from tenant_apps.orders.models import Order, OrderLine
from tenant_apps.shop.cards import hours_label

PER_PAGE = 20
# On the address of an order whose buyer has just come back from the provider.
RETURNED = "returned"

_TABS = (
    ("", gettext_lazy("全部")),
    (OrderState.AWAITING_PAYMENT, gettext_lazy("待支付")),
    (OrderState.PAID, gettext_lazy("开通中")),
    (OrderState.COMPLETED, gettext_lazy("已完成")),
    (OrderState.PARTLY_COMPLETED, gettext_lazy("部分完成")),
    (OrderState.FAILED, gettext_lazy("开通失败")),
    (OrderState.CANCELLED, gettext_lazy("已取消")),
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
            "state_label": OrderState(state).label if state else "",
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
        return redirect(f"{reverse('shop:order', args=[public_id])}?{RETURNED}=1")
    return render(request, "shop/order.html", _order_context(request, public_id))


@access(Customer)
@require_GET
def order_state(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The live part of the order page; when the order is in another state, the page is shown anew."""
    context = _order_context(request, public_id)
    response = render(request, "shop/_order_state.html", context)
    if request.GET.get("was", context["order"]["state"]) != context["order"]["state"]:
        response["HX-Redirect"] = reverse("shop:order", args=[public_id])
    return response


def _order_context(request: HttpRequest, public_id: UUID) -> dict[str, Any]:
    found = orders.order(person(request), public_id)
    lines = list(found.lines.all())
    ids = [line.public_id for line in lines]
    made = resources.of_lines(line_ids=ids)
    waiting = found.state == OrderState.AWAITING_PAYMENT
    lapsed = waiting and clock.now() >= found.expires_at
    returned = waiting and not lapsed and request.GET.get(RETURNED) == "1"
    back = _given_back(lines)
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
        "news": _news(found, lines, returned=returned, lapsed=lapsed),
        "returned": returned,
        "expires_at": found.expires_at if waiting and not lapsed else None,
        "live": found.state in (OrderState.AWAITING_PAYMENT, OrderState.PAID),
        "state_url": f"{reverse('shop:order_state', args=[public_id])}?was={found.state}"
        + (f"&{RETURNED}=1" if returned else ""),
        "lines": [
            {
                "name": line.name,
                "detail": f"{Money(line.hourly_minor)} {_('元/小时')} × {hours_label(line.hours)}"
                if line.hours
                else f"{Money(line.hourly_minor)} {_('元/小时')} · {_('按量后付费')}",
                "amount": line.amount,
                "state": line.state,
                "state_label": line.get_state_display(),
                "tone": LINE_TONES[LineState(line.state)],
                "failure": line.failure,
                "back": line.refunded if line.refunded_minor else None,
                "resource_url": reverse("shop:resource", args=[made[line.public_id].public_id])
                if line.public_id in made
                else "",
            }
            for line in lines
        ],
        "sums": [
            {"label": _("共 %(n)s 台") % {"n": len(lines)}, "amount": found.total},
            *([{"label": _("已退回"), "amount": -back, "less": True}] if back.minor else []),
        ],
        "due": found.total - back,
        "events": _order_events(found),
        "pay_url": reverse("shop:pay", args=[public_id]) if waiting and not lapsed else "",
        "cancel_url": reverse("shop:order_cancel", args=[public_id]) if waiting else "",
        "section": "mine",
    }


def _given_back(lines: list[OrderLine]) -> Money:
    """What never was earned, and what was given back since."""
    return Money(
        sum(
            line.amount_minor if line.state == LineState.FAILED else line.refunded_minor
            for line in lines
        )
    )


def _sum(lines: Iterable[OrderLine]) -> Money:
    return Money(sum(line.amount_minor for line in lines))


def _news(
    order: Order, lines: list[OrderLine], *, returned: bool, lapsed: bool
) -> dict[str, str] | None:
    """What a customer has to know before all else: what happened, what it means, what to do."""
    if returned:
        return {
            "tone": "amber",
            "title": _("支付结果确认中"),
            "text": _("通常 1 分钟内完成，本页会自动更新；无需重复支付。"),
        }
    if lapsed:
        return {
            "tone": "amber",
            "title": _("付款时间已过"),
            "text": _("订单正在自动取消。若刚刚已付款，款项会自动退回。"),
        }
    if order.state == OrderState.AWAITING_PAYMENT:
        return {
            "tone": "amber",
            "title": _("等待付款"),
            "text": _("价格已锁定，逾期未付款订单会自动取消，不产生费用。"),
        }
    if order.state == OrderState.CANCELLED:
        return {
            "tone": "info",
            "title": _("订单已取消，没有扣款"),
            "text": _("需要的话可以重新下单。若取消前后已付款，款项会自动退回。"),
        }
    if order.state in (OrderState.FAILED, OrderState.PARTLY_COMPLETED):
        failed = [line for line in lines if line.state == LineState.FAILED]
        told = {"n": len(lines) - len(failed), "m": len(failed), "sum": _sum(failed)}
        text = (
            _("未开通的 %(sum)s 元已退回余额，可以换一款再下单。")
            if order.paid_by == PayBy.BALANCE
            else _("未开通的 %(sum)s 元原路退回支付宝，通常几分钟内到账。可以换一款再下单。")
        ) % told
        if order.state == OrderState.FAILED:
            return {"tone": "red", "title": _("没有开通成功，款项已退回"), "text": text}
        title = _("%(n)s 台可以使用，%(m)s 台未能开通") % told
        return {"tone": "amber", "title": title, "text": text}
    return None


def _steps(order: Order, lines: list[OrderLine], work: Iterable[Any]) -> list[dict[str, str]]:
    """已支付 → 已派单 → 开通中 → 可使用, each in the words of where it stands."""
    states = {line.state for line in lines}
    begun = any(w.state != WorkState.QUEUED for w in work)
    over = order.finished_at is not None
    paid = order.paid_at is not None
    up = (over and LineState.OPEN in states) or LineState.REFUNDED in states
    down = over and not up

    def step(
        done: bool, now: bool, words: tuple[str, str, str], *, failed: bool = False, note: str = ""
    ) -> dict[str, str]:
        state = "failed" if failed else "done" if done else "now" if now else "todo"
        word = {"done": words[2], "now": words[1], "failed": words[0]}.get(state, words[0])
        return {"label": word, "state": state, "note": note}

    partly = _("部分未开通") if LineState.FAILED in states and up else ""
    return [
        step(
            paid,
            not paid and not over,
            (_("未支付"), _("待支付"), _("已支付") if order.total else _("先用后付")),
        ),
        step(begun or (paid and over), paid, (_("派单"), _("派单中"), _("已派单"))),
        step(
            up,
            begun and not over,
            (_("未开通") if paid and down else _("开通"), _("开通中"), _("已开通")),
            failed=paid and down,
        ),
        step(up, False, (_("可使用"),) * 3, note=partly),
    ]


_ORDER_EVENTS = {
    "order.place": (gettext_lazy("已下单，价格锁定"), "grey"),
    "order.open_postpaid": (gettext_lazy("已下单，先用后付"), "grey"),
    "order.start_payment": (gettext_lazy("已发起支付"), "grey"),
    "order.pay": (gettext_lazy("已收到付款"), "green"),
    "work_order.open_order": (gettext_lazy("已派单给供应商"), "grey"),
    "order.cancel": (gettext_lazy("订单已取消"), "grey"),
}
_FINISHED = {
    OrderState.COMPLETED: (gettext_lazy("全部开通，可以使用"), "green"),
    OrderState.PARTLY_COMPLETED: (gettext_lazy("部分开通，其余已退款"), "amber"),
    OrderState.FAILED: (gettext_lazy("未能开通，款项已退回"), "red"),
}


def _order_events(order: Order) -> list[dict[str, Any]]:
    finished = _FINISHED.get(OrderState(order.state))
    known = _ORDER_EVENTS | ({"order.finish": finished} if finished else {})
    return [
        {
            "at": row.at,
            "title": known[row.action][0],
            "tone": known[row.action][1],
            "text": row.note if row.action == "order.cancel" else "",
        }
        for row in audit.history(order)
        if row.action in known
    ]
