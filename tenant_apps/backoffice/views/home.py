from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from shared_apps.distributors.site import distributor_of
from shared_apps.identity.access import access
from shared_apps.kernel import clock
from tenant_apps.backoffice import sections
from tenant_apps.backoffice.asking import staff
from tenant_apps.backoffice.cells import AMBER, RED
from tenant_apps.backoffice.frame import page
from tenant_apps.backoffice.queries import home as board
from tenant_apps.backoffice.queries.jump import jump as find_anything


@access(sections.HOME.policy)
def home(request: HttpRequest) -> HttpResponse:
    at = clock.now()
    trade = books = None
    if sections.allows(sections.ORDERS.policy, request):
        trade = board.trade(user=staff(request), at=at)
    if sections.allows(sections.DEALINGS.policy, request):
        books = board.books(me=distributor_of(request), at=at)
    needs = [*(_trade_needs(trade) if trade else ()), *(_books_needs(books) if books else ())]
    context = {
        "needs": needs,
        "trade": trade,
        "books": books,
        "may_resources": sections.allows(sections.RESOURCES.policy, request),
        "may_customers": sections.allows(sections.CUSTOMERS.policy, request),
        "at": at,
    }
    return page(request, "backoffice/home.html", sections.HOME, context)


def _trade_needs(trade: board.Trade) -> list[dict[str, Any]]:
    needs = []
    seen = trade.attention
    if seen.slow:
        needs.append(
            _need(
                AMBER,
                ngettext("%(n)s 笔订单开通时间过长", "%(n)s 笔订单开通时间过长", seen.slow)
                % {"n": seen.slow},
                _("已支付超过 10 分钟仍未开通完，可查看工单进展或联系供应商。"),
                reverse("office:orders") + "?state=PAID",
                seen.slowest_at,
            )
        )
    if seen.failed:
        needs.append(
            _need(
                RED,
                _("近 7 天有 %(n)s 笔订单未能全部开通") % {"n": seen.failed},
                _("未开通部分的款项已自动退回，可联系客户改选其他产品。"),
                reverse("office:orders") + "?state=FAILED",
            )
        )
    return needs


def _books_needs(books: board.Books) -> list[dict[str, Any]]:
    needs = []
    to_refunds = reverse("office:refunds")
    if books.refunds.count:
        needs.append(
            _need(
                AMBER,
                _("%(n)s 笔退款在途，共 %(amount)s 元")
                % {"n": books.refunds.count, "amount": books.refunds.amount},
                _("已向支付渠道发出，系统会自动确认结果。"),
                f"{to_refunds}?state=REQUESTED",
                books.refunds.oldest_at,
            )
        )
    if books.failed_refunds:
        needs.append(
            _need(
                RED,
                _("近 7 天有 %(n)s 笔退款被支付渠道拒绝") % {"n": books.failed_refunds},
                _("款项已回到客户余额，请与客户确认退款方式。"),
                f"{to_refunds}?state=FAILED",
            )
        )
    if books.refused_notices:
        needs.append(
            _need(
                RED,
                _("近 7 天拒收了 %(n)s 条支付通知") % {"n": books.refused_notices},
                _("这些通知没有通过核验，没有变动任何款项；请查看原因。"),
                reverse("office:events") + "?state=REFUSED",
            )
        )
    if books.in_transit.refused:
        needs.append(
            _need(
                RED,
                _("%(n)s 笔上下级往来未能入账") % {"n": books.in_transit.refused},
                books.in_transit.reason,
                reverse("office:dealings"),
                books.in_transit.oldest_at,
            )
        )
    elif books.in_transit.waiting:
        needs.append(
            _need(
                AMBER,
                _("%(n)s 笔上下级往来正在入账") % {"n": books.in_transit.waiting},
                _("通常 1 分钟内自动完成。"),
                reverse("office:dealings"),
                books.in_transit.oldest_at,
            )
        )
    return needs


def _need(tone: str, title: str, text: str, url: str, since: Any = None) -> dict[str, Any]:
    return {"tone": tone, "title": title, "text": text, "url": url, "since": since}


@access(sections.HOME.policy)
def jump(request: HttpRequest) -> HttpResponse:
    """The search that jumps anywhere: a list of hits for htmx, a page of them without script."""
    text = request.GET.get("q", "").replace("\x00", "").strip()[:100]
    hits = find_anything(
        user=staff(request),
        text=text,
        to_orders=sections.allows(sections.ORDERS.policy, request),
        to_customers=sections.allows(sections.CUSTOMERS.policy, request),
        to_resources=sections.allows(sections.RESOURCES.policy, request),
    )
    if request.headers.get("HX-Request"):
        return render(request, "backoffice/_hits.html", {"hits": hits, "text": text})
    return page(request, "backoffice/jump.html", sections.HOME, {"hits": hits, "text": text})
