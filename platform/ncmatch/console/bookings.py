from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as said
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from billing.settlement import queries
from billing.settlement.queries import PartyBacklog
from billing.settlement.services import permit_refund as permit
from shared_apps.distributors.site import distributor_of
from shared_apps.identity.access import access
from shared_apps.kernel import clock
from tenant_apps.backoffice.asking import staff
from tenant_apps.backoffice.cells import (
    AMBER,
    RED,
    Link,
    Mark,
    Row,
    column,
    link_column,
    mark_column,
)
from tenant_apps.backoffice.listing import Empty, Filter, Listing

from . import sections
from .addresses import to

SECTION = sections.BACKLOG


@access(SECTION.policy)
class Bookings(Listing):
    section = SECTION
    title = _("入账进度")
    lead = _(
        "各级分销商各自把往来记入自己的账簿。谁落后、落后多少、为什么，列在这里；不影响其他店铺销售。"
    )
    export = "console:bookings_export"
    columns = (
        link_column("name", _("分销商")),
        column("waiting", _("在途笔数"), "figure"),
        column("oldest_at", _("最早一笔"), "time"),
        mark_column("state", _("状态")),
        column("error", _("原因")),
    )
    filters = (Filter("q", _("分销商")),)
    empty = Empty(_("全部已入账"), _("所有分销商的往来都已记入各自账簿。"), "checklist")

    def find(self) -> Sequence[PartyBacklog]:
        text = self.asked.raw("q")
        return [row for row in queries.booking_backlog() if text in row.name]

    def rows(self, found: Sequence[PartyBacklog]) -> list[Row]:
        return [
            {
                "name": Link(row.name, to("distributor", row.slug)),
                "waiting": row.waiting,
                "oldest_at": row.oldest_at,
                "state": Mark(said("未能入账"), RED) if row.error else Mark(said("在途"), AMBER),
                "error": row.error,
            }
            for row in found
        ]

    def totals(self, found: Any) -> Row:
        return {"waiting": sum(row.waiting for row in found)}


@require_POST
@access(sections.PERMIT_REFUND)
def permit_refund(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Lets the shop of a sale give back hours that were used; every level's part goes back with them."""
    found = queries.obligation(public_id=public_id, me=distributor_of(request))
    reason = request.POST.get("reason", "").strip()[:200]
    if reason:
        permit(trace_id=found.trace_id, reason=reason, by=staff(request).name, at=clock.now())
        messages.success(request, said("已同意。销售这笔订单的店铺现在可以退还已使用的部分。"))
    else:
        messages.error(request, said("请填写同意的原因。"))
    return redirect("office:dealing", public_id)
