from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from shared_apps.identity.access import access
from tenant_apps.backoffice import sections, states, timeline
from tenant_apps.backoffice.asking import staff
from tenant_apps.backoffice.cells import Link, Row, column, link_column, mark_column
from tenant_apps.backoffice.frame import page
from tenant_apps.backoffice.listing import Empty, Filter, Listing
from tenant_apps.backoffice.queries.resource_file import resource_file
from tenant_apps.fulfilment import queries
from tenant_apps.fulfilment.enums import ResourceState
from tenant_apps.fulfilment.models import Resource

from .addresses import to


@access(sections.RESOURCES.policy)
class Resources(Listing):
    section = sections.RESOURCES
    title = pgettext_lazy("many", "资源")
    lead = _("客户正在使用和用过的算力。访问方式只有客户本人可以查看。")
    export = "office:resources_export"
    columns = (
        link_column("number", _("资源编号"), sort="number"),
        column("name", _("内容"), sort="name"),
        column("customer", _("客户")),
        column("supplier", _("供应商")),
        column("hub", _("枢纽节点"), off=True),
        mark_column("state", _("状态"), sort="state"),
        column("started_at", _("开通时间"), "time", sort="started_at"),
        column("ends_at", _("到期时间"), "time", sort="ends_at"),
    )
    sorts = {
        "number": "number",
        "name": "name",
        "state": "state",
        "started_at": "started_at",
        "ends_at": "ends_at",
    }
    filters = (
        Filter("q", _("资源编号、客户、订单号")),
        Filter("state", _("全部状态"), "select", ResourceState.choices),
    )
    empty = Empty(_("还没有资源"), _("订单支付后由供应商开通，开通完成的会列在这里。"), "server-2")

    def find(self) -> QuerySet[Resource]:
        return queries.find(
            user=staff(self.request),
            text=self.asked.raw("q"),
            state=self.asked.one_of("state", ResourceState.values),
            customer_id=self.asked.uuid("customer"),
        )

    def rows(self, found: Sequence[Resource]) -> list[Row]:
        return [
            {
                "number": Link(resource.number, to("resource", resource.public_id), drawer=True),
                "name": resource.name,
                "customer": str(resource.customer),
                "supplier": str(resource.supplier),
                "hub": str(resource.supplier.hub) if resource.supplier.hub else "",
                "state": states.resource(resource.state),
                "started_at": resource.started_at,
                "ends_at": resource.ends_at,
            }
            for resource in found
        ]


@access(sections.RESOURCES.policy)
def resource(request: HttpRequest, public_id: UUID) -> HttpResponse:
    file = resource_file(user=staff(request), public_id=public_id)
    context = {
        "file": file,
        "state": states.resource(file.resource.state),
        "work": [{"work": one, "state": states.work(one.kind, one.state)} for one in file.work],
        "events": timeline.events(file.records),
        "may_orders": sections.allows(sections.ORDERS.policy, request),
        "may_customers": sections.allows(sections.CUSTOMERS.policy, request),
    }
    return page(request, "backoffice/resource.html", sections.RESOURCES, context)
