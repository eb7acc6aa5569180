"""The customer's machines, and how to enter them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from billing.metering import queries as metering
from shared_apps.audit import queries as audit
from shared_apps.catalog.enums import PlanKind
from shared_apps.identity.access import Customer, access, person
from shared_apps.kernel import clock, ids
from shared_apps.kernel.errors import DomainError, Invalid
from shared_apps.kernel.money import Money
from tenant_apps.fulfilment import queries as resources
from tenant_apps.fulfilment.enums import ResourceState
from tenant_apps.fulfilment.errors import ResourceNotRunning
from tenant_apps.fulfilment.models import Resource
from tenant_apps.fulfilment.services.lasting import set_auto_renew
from tenant_apps.fulfilment.services.resources import reveal_access
from tenant_apps.orders.enums import RefundState, RefundTo
from tenant_apps.orders.pricing import Choice, price
from tenant_apps.orders.refunds import refundable
from tenant_apps.orders.services import lines, placing
from tenant_apps.shop.cards import spec_chips, spec_facts, term_label, terms_of

PER_PAGE = 20

RESOURCE_TONES = {
    ResourceState.RUNNING: "green",
    ResourceState.SUSPENDED: "red",
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
        "number": row.number,
        "url": reverse("shop:resource", args=[row.public_id]),
        "name": row.name,
        "supplier": str(row.supplier),
        "hub": str(hub) if hub else "",
        "specs": spec_chips(row.line.specs),
        "state": row.state,
        "state_label": row.get_state_display(),
        "tone": RESOURCE_TONES[ResourceState(row.state)],
        "started_at": row.started_at,
        "ends_at": row.ends_at,
        "left": _left(row.ends_at - at) if running and row.ends_at is not None else "",
        "metered": row.metered_until is not None,
        "mode": PlanKind(row.line.plan.kind).label,
        "cost": metering.cost_of(resource_id=row.public_id)
        if row.metered_until
        else resources.paid(row),
        "renew_url": reverse("shop:resource_renew", args=[row.public_id])
        if running and row.ends_at
        else "",
    }


def _left(span: timedelta) -> str:
    minutes = max(int(span.total_seconds() // 60), 0)
    days, hours = divmod(minutes // 60, 24)
    parts = [
        ngettext("%(n)s 天", "%(n)s 天", days) % {"n": days} if days else "",
        ngettext("%(n)s 小时", "%(n)s 小时", hours) % {"n": hours} if hours else "",
        ngettext("%(n)s 分钟", "%(n)s 分钟", minutes) % {"n": minutes} if minutes < 60 else "",
    ]
    return " ".join(filter(None, parts))


@access(Customer)
@require_GET
def resource(request: HttpRequest, public_id: UUID) -> HttpResponse:
    row = resources.resource(person(request), public_id)
    at = clock.now()
    order_row, kind = row.line.order, row.line.plan.kind
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
                    *(
                        [{"label": _("时长"), "value": term_label(row.line.hours, kind)}]
                        if row.line.hours
                        else []
                    ),
                ],
                "has_access": bool(row.access_sealed) and row.state == ResourceState.RUNNING,
            },
            "auto_renew_url": reverse("shop:resource_auto_renew", args=[public_id])
            if row.state == ResourceState.RUNNING and row.line.plan.kind == PlanKind.MONTHLY
            else "",
            "auto_renew": row.auto_renew,
            **_giving_back(row, at),
            **_metered(row),
            "reveal_url": reverse("shop:resource_access", args=[public_id]),
            "events": [
                {
                    "at": r.at,
                    "title": _RESOURCE_EVENTS[r.action],
                    "who": _("系统") if r.actor_kind == "SYSTEM" else r.actor_name,
                    "tone": "grey",
                }
                for r in audit.history(row)
                if r.action in _RESOURCE_EVENTS
            ],
            "section": "mine",
        },
    )


def _metered(row: Resource) -> dict[str, Any]:
    """What was used of a machine that is paid afterwards: hour by hour, and in all."""
    if row.metered_until is None:
        return {}
    newest = list(metering.usage(resource_id=row.public_id)[:24])
    told = [(one, getattr(one, "charge", None)) for one in newest]
    live = row.state in (ResourceState.RUNNING, ResourceState.SUSPENDED)
    return {
        "stop_url": reverse("shop:resource_stop", args=[row.public_id]) if live else "",
        "hourly": Money(row.line.hourly_minor),
        "usage": [
            {
                "starts_at": one.starts_at,
                "ends_at": one.ends_at,
                "quantity": one.quantity,
                "amount": charge.amount if charge else None,
                "state": charge.get_state_display() if charge else one.get_state_display(),
            }
            for one, charge in told
        ],
        "chart": {
            "x": [f"{timezone.localtime(one.starts_at):%m-%d %H:%M}" for one, _c in told][::-1],
            "series": [
                {
                    "name": _("费用"),
                    "values": [float(c.amount.decimal) if c else 0 for _o, c in told][::-1],
                }
            ],
        },
    }


def _giving_back(row: Resource, at: datetime) -> dict[str, Any]:
    """What the page needs to offer 退订; nothing where nothing can be given back."""
    line = resources.last_line(row)
    may = refundable(line, at=at)
    if row.state != ResourceState.RUNNING or not may.hours:
        return {}
    outside = bool(line.order.paid_intent)
    return {
        "end_url": reverse("shop:resource_give_back", args=[row.public_id]),
        "may": may,
        "refund_to": RefundTo.choices if outside else [],
    }


@access(Customer)
@require_POST
def resource_give_back(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """退订: hours that did not begin, back to the balance or the way the money came."""
    row = resources.resource(person(request), public_id)
    text = request.POST.get("hours", "").strip()
    hours = int(text) if text.isdecimal() and len(text) < 6 else None
    to = request.POST.get("to", "")
    try:
        if text and hours is None:
            raise Invalid(field="hours")
        back = lines.ask_refund(
            line=resources.last_line(row),
            hours=hours,
            reason=_("客户退订未使用时长"),
            to=RefundTo(to) if to in RefundTo.values else RefundTo.BALANCE,
            by=person(request),
            at=clock.now(),
        )
    except DomainError as refused:
        messages.error(request, str(refused))
    else:
        told = {"sum": back.amount, "hours": back.hours}
        messages.success(
            request,
            _("已退还 %(hours)s 小时，%(sum)s 元正在退回。") % told
            if back.state == RefundState.DONE
            else _("退还 %(hours)s 小时、%(sum)s 元的申请已提交，店铺审核后退回。") % told,
        )
    return redirect("shop:resource", public_id)


@access(Customer)
def resource_renew(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """续费: more hours or months at the price of now; paid like any order."""
    row = resources.resource(person(request), public_id)
    back = redirect("shop:resource", public_id)
    if row.state != ResourceState.RUNNING or row.ends_at is None:
        messages.warning(request, str(ResourceNotRunning(state=row.get_state_display())))
        return back
    if request.method == "POST":
        chosen = _RENEWAL.fullmatch(request.POST.get("term", ""))
        if chosen is None or not request.POST.get("agree"):
            messages.error(request, _("请选择时长，并同意服务条款。"))
            return redirect("shop:resource_renew", public_id)
        try:
            order = placing.renew(
                line=row.line,
                hours=int(chosen[1]),
                shown_total=Money(int(chosen[2])),
                terms_version=request.POST["agree"],
                request_key=_key(request),
                at=clock.now(),
            )
        except DomainError as refused:
            messages.warning(request, str(refused))
            return redirect("shop:resource_renew", public_id)
        return redirect("shop:pay", order.public_id)
    kind, plan, ends_at = row.line.plan.kind, row.line.plan.public_id, row.ends_at
    try:
        priced = price([Choice(plan, 1, hours) for hours in terms_of(kind)], at=clock.now())
    except DomainError as refused:
        messages.warning(request, str(refused))
        return back
    return render(
        request,
        "shop/renew.html",
        {
            "resource": _resource(row, clock.now())
            | {"url": reverse("shop:resource", args=[public_id])},
            "terms": [
                {
                    "value": f"{item.choice.hours}:{item.amount.minor}",
                    "label": term_label(item.choice.hours, kind),
                    "until": ends_at + timedelta(hours=item.choice.hours),
                    "amount": item.amount,
                    "checked": number == 0,
                }
                for number, item in enumerate(priced)
            ],
            "hourly": priced[0].hourly,
            "terms_version": placing.TERMS_VERSION,
            "request_key": ids.new_id(),
            "section": "mine",
        },
    )


_RENEWAL = re.compile(r"([0-9]{1,5}):([0-9]{1,12})")


def _key(request: HttpRequest) -> UUID:
    try:
        return UUID(request.POST.get("request_key", ""))
    except ValueError:
        return ids.new_id()


@access(Customer)
@require_POST
def resource_auto_renew(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Switches 自动续费."""
    row = resources.resource(person(request), public_id)
    on = request.POST.get("on") == "1"
    try:
        set_auto_renew(resource=row, on=on)
    except DomainError as refused:
        messages.error(request, str(refused))
    else:
        messages.success(
            request,
            _("已开启自动续费：到期前 1 天从余额扣款。") if on else _("已关闭自动续费。"),
        )
    return redirect("shop:resource", public_id)


_RESOURCE_EVENTS = {
    "resource.open": gettext_lazy("资源已开通"),
    "resource.reveal_access": gettext_lazy("查看了访问方式"),
    "resource.suspend": gettext_lazy("已暂停"),
    "resource.resume": gettext_lazy("已恢复运行"),
    "resource.fit": gettext_lazy("使用时间已调整"),
    "resource.extend": gettext_lazy("已续费"),
    "resource.set_auto_renew": gettext_lazy("修改了自动续费"),
    "resource.not_renewed": gettext_lazy("自动续费没有成功"),
    "resource.terminate": gettext_lazy("开始释放"),
    "resource.end": gettext_lazy("已释放"),
}
_ACCESS_LABELS = (
    ("ssh_command", gettext_lazy("SSH 命令"), False),
    ("host", gettext_lazy("地址"), False),
    ("port", gettext_lazy("端口"), False),
    ("username", gettext_lazy("用户名"), False),
    ("password", gettext_lazy("密码"), True),
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
            {"label": label, "value": str(opened[key]), "secret": secret}
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
