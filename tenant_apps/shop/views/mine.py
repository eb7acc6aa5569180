"""What is the customer's own: orders, resources, balance, notices, account."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from billing.ledger import queries as books
from billing.payments import queries as payments
from billing.payments.enums import IntentState, Method
from billing.payments.returning import back_to
from shared_apps.audit import queries as audit
from shared_apps.audit.services import record
from shared_apps.identity import queries as people
from shared_apps.identity import services as identity
from shared_apps.identity.access import Customer, access, person
from shared_apps.kernel import clock
from shared_apps.kernel.errors import DomainError
from shared_apps.kernel.money import Money
from shared_apps.kernel.spreadsheets import comma_separated, neutral
from tenant_apps.customers import queries as customers
from tenant_apps.customers import services as customer_services
from tenant_apps.customers.errors import RechargeOutOfRange
from tenant_apps.customers.queries import customer_of
from tenant_apps.fulfilment import queries as resources
from tenant_apps.fulfilment.enums import ResourceState, WorkState
from tenant_apps.fulfilment.models import Resource
from tenant_apps.fulfilment.services.resources import reveal_access
from tenant_apps.orders import queries as orders
from tenant_apps.orders.enums import LineState, OrderState, PayBy
from tenant_apps.orders.models import Order, OrderLine
from tenant_apps.shop.cards import hours_label, spec_chips, spec_facts
from tenant_apps.shop.forms import ProfileForm, RechargeForm, TokenForm

from .buying import qr_svg

PER_PAGE = 20

# ——— orders ———

_TABS = (
    ("", "全部"),
    (OrderState.AWAITING_PAYMENT, "待支付"),
    (OrderState.PAID, "开通中"),
    (OrderState.COMPLETED, "已完成"),
    (OrderState.FAILED, "开通失败"),
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
                    "label": _(label),
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
    "order.place": ("已下单，价格锁定", "grey"),
    "order.start_payment": ("已发起支付", "grey"),
    "order.pay": ("已收到付款", "green"),
    "work_order.open_order": ("已派单给供应商", "amber"),
    "order.finish": ("订单处理完毕", "green"),
    "order.cancel": ("订单已取消", "grey"),
}


def _order_events(order: Order) -> list[dict[str, Any]]:
    return [
        {
            "at": row.at,
            "title": _(_ORDER_EVENTS[row.action][0]),
            "tone": _ORDER_EVENTS[row.action][1],
        }
        for row in audit.history(order)
        if row.action in _ORDER_EVENTS
    ]


# ——— resources ———

RESOURCE_TONES = {
    ResourceState.RUNNING: "green",
    ResourceState.ENDING: "amber",
    ResourceState.ENDED: "grey",
}


@access(Customer)
@require_GET
def resource_list(request: HttpRequest) -> HttpResponse:
    page = Paginator(resources.find(user=person(request)), PER_PAGE).get_page(
        request.GET.get("page")
    )
    at = clock.now()
    return render(
        request,
        "shop/resources.html",
        {
            "resources": [_resource(row, at) for row in page],
            "page": page,
            "section": "mine",
        },
    )


def _resource(row: Resource, at: datetime) -> dict[str, Any]:
    hub = row.supplier.hub
    running = row.state == ResourceState.RUNNING
    return {
        "public_id": row.public_id,
        "url": reverse("shop:resource", args=[row.public_id]),
        "name": row.name,
        "supplier": row.supplier.display_name,
        "hub": hub.name if hub else "",
        "specs": spec_chips(row.line.specs),
        "state": row.state,
        "state_label": row.get_state_display(),
        "tone": RESOURCE_TONES[ResourceState(row.state)],
        "started_at": row.started_at,
        "ends_at": row.ends_at,
        "left": _left(row.ends_at - at) if running else "",
        "cost": row.line.amount,
    }


def _left(span: timedelta) -> str:
    minutes = max(int(span.total_seconds() // 60), 0)
    days, hours = minutes // 1440, minutes // 60
    if days:
        return _("%(n)s 天") % {"n": days}
    return _("%(n)s 小时") % {"n": hours} if hours else _("%(n)s 分钟") % {"n": minutes}


@access(Customer)
@require_GET
def resource(request: HttpRequest, public_id: UUID) -> HttpResponse:
    row = resources.resource(person(request), public_id)
    at = clock.now()
    order_row = row.line.order
    return render(
        request,
        "shop/resource.html",
        {
            "resource": _resource(row, at)
            | {
                "order_number": order_row.number,
                "order_url": reverse("shop:order", args=[order_row.public_id]),
                "facts": [
                    *spec_facts(row.line.specs),
                    {"label": _("时长"), "value": hours_label(row.line.hours)},
                ],
                "has_access": bool(row.access_sealed) and row.state == ResourceState.RUNNING,
            },
            "reveal_url": reverse("shop:resource_access", args=[public_id]),
            "events": [
                {
                    "at": r.at,
                    "title": _(_RESOURCE_EVENTS[r.action]),
                    "who": r.actor_name,
                    "tone": "grey",
                }
                for r in audit.history(row)
                if r.action in _RESOURCE_EVENTS
            ],
            "section": "mine",
        },
    )


_RESOURCE_EVENTS = {
    "resource.open": "资源已开通",
    "resource.reveal_access": "查看了访问方式",
    "resource.terminate": "开始释放",
    "resource.end": "已释放",
}
_ACCESS_LABELS = (
    ("ssh_command", "SSH 命令", False),
    ("host", "地址", False),
    ("port", "端口", False),
    ("username", "用户名", False),
    ("password", "密码", True),
    ("jupyter_url", "Jupyter", True),
)


@access(Customer)
@require_POST
def resource_access(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Shows how to enter, once per click; every click is in the audit."""
    row = resources.resource(person(request), public_id)
    at = clock.now()
    opened = reveal_access(resource=row, at=at)
    context = {
        "resource": {"name": row.name, "url": reverse("shop:resource", args=[public_id])},
        "access": [
            {"label": _(label), "value": str(opened[key]), "secret": secret}
            for key, label, secret in _ACCESS_LABELS
            if opened.get(key)
        ],
        "shown_at": at,
        "section": "mine",
    }
    part = request.headers.get("HX-Request")
    response = render(request, "shop/_access.html" if part else "shop/access_shown.html", context)
    response["Cache-Control"] = "private, no-store"
    return response


# ——— balance ———


@access(Customer)
def balance(request: HttpRequest) -> HttpResponse:
    who = customer_of(person(request))
    form = RechargeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            intent = customer_services.start_recharge(
                customer=who,
                amount=Money.of(form.cleaned_data["amount"]),
                method=form.cleaned_data["pay_by"],
                back=back_to(request, reverse("shop:balance")),
                at=clock.now(),
            )
        except RechargeOutOfRange as refused:
            form.add_error("amount", str(refused))
        else:
            return redirect("shop:recharge", intent.public_id)
    holding = payments.balance_of(customer_id=who.public_id)
    statement = payments.statement_of(
        customer_id=who.public_id, page=_number(request.GET.get("page")), per_page=PER_PAGE
    )
    return render(
        request,
        "shop/balance.html",
        {
            "available": holding.available,
            "held": holding.held,
            "entries": _entries(statement.items),
            "columns": [
                {"key": "at", "label": _("时间"), "kind": "time"},
                {"key": "what", "label": _("事项")},
                {"key": "detail", "label": _("说明")},
                {"key": "amount", "label": _("变动"), "kind": "money"},
                {"key": "balance", "label": _("可用余额"), "kind": "money"},
            ],
            "page": _page(statement.total, statement.page),
            "export": reverse("shop:balance_export"),
            "recharge_url": reverse("shop:balance"),
            "amount": request.POST.get("amount", ""),
            "error": next(iter(form.errors.get("amount", [])), ""),
            "section": "mine",
        },
        status=422 if form.is_bound and form.errors else 200,
    )


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() else 1


def _page(total: int, number: int) -> Page[int]:
    return Paginator(range(total), PER_PAGE).get_page(number)


def _entries(lines: Iterable[books.StatementLine]) -> list[dict[str, Any]]:
    names = books.rule_names()
    return [
        {
            "at": line.effective_at,
            "what": names.get(line.kind, line.kind),
            "detail": line.memo,
            "amount": line.changes[0],
            "balance": line.balances[0],
        }
        for line in lines
    ]


@access(Customer)
@require_GET
def balance_export(request: HttpRequest) -> HttpResponse:
    """The whole statement as CSV, oldest last, as the page shows it."""
    who = customer_of(person(request))
    names = books.rule_names()
    rows: list[list[str]] = []
    page = 1
    while True:
        part = payments.statement_of(customer_id=who.public_id, page=page, per_page=500)
        for line in part.items:
            when = timezone.localtime(line.effective_at).strftime("%Y-%m-%d %H:%M:%S")
            money = (line.changes[0], line.balances[0], line.balances[1])
            rows.append(
                [when, names.get(line.kind, line.kind), neutral(line.memo), *map(str, money)]
            )
        if page >= part.pages:
            break
        page += 1
    record("balance.export", obj=who, after={"rows": len(rows)})
    head = [_("时间"), _("事项"), _("说明"), _("变动"), _("可用余额"), _("冻结")]
    return HttpResponse(
        comma_separated(head, rows),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="statement.csv"'},
    )


@access(Customer)
@require_GET
def recharge(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The QR code of a recharge; on to the balance once it is paid."""
    who = customer_of(person(request))
    intent = payments.recharge_of(customer_id=who.public_id, public_id=public_id)
    if intent is None or intent.state != IntentState.OPEN:
        return redirect("shop:balance")
    return render(
        request,
        "shop/pay.html",
        {
            "order": {
                "number": intent.number,
                "url": reverse("shop:balance"),
                "due": intent.amount,
            },
            "pay_by": intent.method,
            "qr": qr_svg(intent.qr_content) if intent.qr_content else "",
            "cashier_url": intent.redirect_url if intent.method == Method.ALIPAY_PAGE else "",
            "expires_at": intent.expires_at,
            "state": "WAITING",
            "state_url": reverse("shop:recharge_state", args=[public_id]),
            "section": "mine",
        },
    )


@access(Customer)
@require_GET
def recharge_state(request: HttpRequest, public_id: UUID) -> HttpResponse:
    who = customer_of(person(request))
    intent = payments.recharge_of(customer_id=who.public_id, public_id=public_id)
    waiting = intent is not None and intent.state == IntentState.OPEN
    response = render(
        request,
        "shop/_pay_state.html",
        {
            "state": "WAITING" if waiting else "PAID",
            "expires_at": intent.expires_at if intent else None,
            "state_url": reverse("shop:recharge_state", args=[public_id]),
            "order": {"url": reverse("shop:balance")},
        },
    )
    if not waiting:
        response["HX-Redirect"] = reverse("shop:balance")
    return response


# ——— notices and account ———


@access(Customer)
@require_GET
def notices(request: HttpRequest) -> HttpResponse:
    who = customer_of(person(request))
    page = Paginator(customers.notices_of(who), PER_PAGE).get_page(request.GET.get("page"))
    rows = [
        {
            "title": notice.title,
            "text": notice.body,
            "at": notice.created_at,
            "url": notice.link,
            "unread": notice.read_at is None,
            "tone": "amber" if notice.read_at is None else "grey",
        }
        for notice in page
    ]
    return render(request, "shop/notices.html", {"notices": rows, "page": page, "section": "mine"})


@access(Customer)
@require_POST
def notices_read(request: HttpRequest) -> HttpResponse:
    customer_services.mark_all_read(customer=customer_of(person(request)), at=clock.now())
    return redirect("shop:notices")


@access(Customer)
def account(request: HttpRequest) -> HttpResponse:
    """Profile and API tokens."""
    if request.method == "POST":
        who = customer_of(person(request))
        profile = ProfileForm(request.POST)
        if not profile.is_valid():
            return _account_page(request, {"profile_form": profile}, status=422)
        identity.rename(user=who.user, name=profile.cleaned_data["name"])
        customer_services.change_company(customer=who, company=profile.cleaned_data["company"])
        messages.success(request, _("资料已保存。"))
        return redirect("shop:account")
    return _account_page(request, {})


def _account_page(request: HttpRequest, told: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """A new token's text is on this one answer and nowhere else."""
    who = customer_of(person(request))
    return render(
        request,
        "shop/account.html",
        {
            "profile_form": ProfileForm(initial={"name": who.user.name, "company": who.company}),
            "profile_url": reverse("shop:account"),
            "contact": {"phone": who.user.masked_phone, "email": who.user.email},
            "tokens": [
                {
                    "public_id": token.public_id,
                    "name": token.name,
                    "prefix": token.prefix,
                    "created_at": token.created_at,
                    "expires_at": token.expires_at,
                    "last_used_at": token.last_used_at,
                    "revoke_url": reverse("shop:token_revoke", args=[token.public_id]),
                }
                for token in people.tokens_of(who.user)
            ],
            "token_url": reverse("shop:tokens"),
            "api_docs_url": "/api/docs/",
            "section": "mine",
            **told,
        },
        status=status,
    )


def _new_token(request: HttpRequest) -> dict[str, Any]:
    form = TokenForm(request.POST)
    if not form.is_valid():
        return {"token_error": form.errors["name"][0], "token_name": request.POST.get("name", "")}
    try:
        _token, text = identity.issue_token(user=person(request), name=form.cleaned_data["name"])
    except DomainError as refused:
        return {"token_error": str(refused), "token_name": form.cleaned_data["name"]}
    return {"new_token": text}


@access(Customer)
@require_POST
def tokens(request: HttpRequest) -> HttpResponse:
    return _account_page(request, _new_token(request))


@access(Customer)
@require_POST
def token_revoke(request: HttpRequest, public_id: UUID) -> HttpResponse:
    identity.revoke_token(token=people.token_of(person(request), public_id), at=clock.now())
    messages.success(request, _("令牌已作废。"))
    return redirect("shop:account")
