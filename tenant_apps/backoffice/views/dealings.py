"""应付与应收: what this level owes the one above it and is owed from below, each hop of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as said
from django.utils.translation import gettext_lazy as _

from billing.settlement import queries
from billing.settlement.models import Kind, Obligation
from shared_apps.distributors.site import distributor_of
from shared_apps.identity.access import access
from shared_apps.kernel.money import Money, total
from tenant_apps.backoffice import sections
from tenant_apps.backoffice.cells import (
    AMBER,
    GREEN,
    RED,
    Link,
    Mark,
    Row,
    column,
    link_column,
    mark_column,
)
from tenant_apps.backoffice.frame import page
from tenant_apps.backoffice.listing import Empty, Filter, Listing
from tenant_apps.backoffice.queries.dealings import Dealing, dealings, obligation_file
from tenant_apps.orders import queries as orders

from .addresses import to

SECTION = sections.DEALINGS
SIDES = ("payable", "receivable")
PURCHASE, SUPPLY = _("采购"), _("供货")


class _Sided(Listing):
    """A list of one side, payable unless the query says receivable, in one month."""

    section = SECTION

    @property
    def payable(self) -> bool:
        return self.asked.one_of("side", SIDES) != "receivable"

    def bounds(self) -> dict[str, Any]:
        month = self.asked.month()
        return {
            "me": distributor_of(self.request),
            "payable": self.payable,
            "starts_at": month.starts_at,
            "ends_at": month.ends_at,
        }

    def side_tabs(self) -> list[dict[str, Any]]:
        here = to("dealings")
        month = self.asked.month()
        return [
            {
                "label": label,
                "url": f"{here}?side={side}&month={month}",
                "active": (side == "payable") is self.payable,
            }
            for side, label in (("payable", _("应付上级与供应商")), ("receivable", _("应收下级")))
        ]


@access(SECTION.policy)
class Dealings(_Sided):
    title = _("应付与应收")
    export = "office:dealings_export"
    columns = (
        link_column("name", _("往来单位")),
        column("sales", _("笔数"), "figure"),
        column("amount", _("本期发生"), "money", unit=_("元")),
        column("refunded", _("本期退回"), "money", unit=_("元")),
        column("net", _("本期净额"), "books", unit=_("元")),
        link_column("booked", _("账面余额"), kind="books", unit=_("元")),
        mark_column("in_transit", _("在途")),
    )
    filters = (Filter("q", _("往来单位")), Filter("month", _("会计期间"), "this_month"))
    empty = Empty(
        _("这个月没有往来"),
        _("资源开通后，本级应付上级或供应商、应收下级的金额会列在这里。"),
        "arrows-exchange",
    )

    def find(self) -> Sequence[Dealing]:
        text = self.asked.raw("q")
        return [one for one in dealings(**self.bounds()) if text in one.total.name]

    def rows(self, found: Sequence[Dealing]) -> list[Row]:
        month, side = self.asked.month(), "payable" if self.payable else "receivable"
        return [
            {
                "name": Link(
                    dealing.total.name,
                    f"{to('obligations', dealing.total.public_id)}?side={side}&month={month}",
                ),
                "sales": dealing.total.sales,
                "amount": dealing.total.amount,
                "refunded": dealing.total.refunded or None,
                "net": dealing.net,
                "booked": Link(
                    f"{dealing.booked.decimal:,.2f}", to("account", dealing.account_code)
                ),
                "in_transit": Mark(said("%(n)s 笔在途") % {"n": dealing.total.in_transit}, AMBER)
                if dealing.total.in_transit
                else None,
            }
            for dealing in found
        ]

    def totals(self, found: Any) -> Row:
        return {
            "sales": sum(dealing.total.sales for dealing in found),
            "amount": total(dealing.total.amount for dealing in found),
            "refunded": total(dealing.total.refunded for dealing in found),
            "net": total(dealing.net for dealing in found),
        }

    def more(self) -> Mapping[str, Any]:
        return {
            "lead": _("按会计期间列示本级的往来；在途是已发生、还没有记入本店账簿的部分。"),
            "tabs": self.side_tabs(),
            "above": "backoffice/_in_transit.html",
            "transit": queries.in_transit(me=distributor_of(self.request)),
        }


@access(SECTION.policy)
class Obligations(_Sided):
    title = _("往来明细")
    export = "office:obligations_export"
    columns = (
        link_column("effective_at", _("业务时间")),
        column("kind", _("类型")),
        link_column("order", _("订单")),
        column("amount", _("金额"), "books", unit=_("元")),
        mark_column("booking", _("入账")),
        link_column("entry", _("分录")),
        column("trace", _("追踪号"), "id", off=True),
    )
    filters = (Filter("month", _("会计期间"), "this_month"),)
    empty = Empty(_("这个月没有往来"), _("请换一个会计期间。"), "arrows-exchange")

    def find(self) -> QuerySet[Obligation]:
        counterparty: UUID = self.kwargs["public_id"]
        queries.check_counterparty(public_id=counterparty, me=distributor_of(self.request))
        return queries.obligations(**self.bounds(), counterparty=counterparty)

    def rows(self, found: Sequence[Obligation]) -> list[Row]:
        own = orders.orders_of_lines(line_ids=[one.trace_id for one in found])
        return [_row(one, own.get(one.trace_id), payable=self.payable) for one in found]

    def more(self) -> Mapping[str, Any]:
        side = "payable" if self.payable else "receivable"
        return {
            "back": f"{to('dealings')}?side={side}&month={self.asked.month()}",
            "back_label": sections.DEALINGS.label,
        }


def _row(one: Obligation, order: Any, *, payable: bool) -> Row:
    booking = next(iter(getattr(one, "own_bookings", ())), None)
    return {
        "effective_at": Link(_moment(one), to("dealing", one.public_id), drawer=True),
        "kind": _kind(one, payable=payable),
        "order": Link(order.number, to("order", order.public_id)) if order else None,
        "amount": Money(one.amount_minor, one.currency),
        "booking": booking_mark(booking),
        "entry": Link(said("查看分录"), to("entry", booking.entry_id), drawer=True)
        if booking and booking.entry_id
        else None,
        "trace": str(one.trace_id),
    }


def _moment(one: Obligation) -> str:
    from django.utils.timezone import localtime

    return localtime(one.effective_at).strftime("%Y-%m-%d %H:%M")


def _kind(one: Obligation, *, payable: bool) -> str:
    name = str(PURCHASE if payable else SUPPLY)
    return said("%(name)s退回") % {"name": name} if one.kind == Kind.REFUND else name


def booking_mark(booking: Any) -> Mark | None:
    if booking is None:
        return None
    if booking.booked_at:
        return Mark(said("已入账"), GREEN)
    return Mark(said("未能入账"), RED) if booking.error else Mark(said("在途"), AMBER)


def _permit(request: HttpRequest, obligation: Obligation) -> dict[str, Any]:
    """Whether the operator, and only it, is asked to let a sale be taken back beyond what was not used."""
    operator = distributor_of(request).parent_id is None and obligation.kind == Kind.SALE
    return {
        "may_permit": operator,
        "permitted": operator and queries.refund_permitted(trace_id=obligation.trace_id),
    }


@access(SECTION.policy)
def dealing(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One obligation, from this level's own side."""
    file = obligation_file(public_id=public_id, me=distributor_of(request))
    context = {
        "file": file,
        "kind": _kind(file.obligation, payable=file.payable),
        "booking": file.booking,
        "mark": booking_mark(file.booking),
        **_permit(request, file.obligation),
    }
    return page(request, "backoffice/dealing.html", SECTION, context)
