from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as said
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from shared_apps.audit import queries as audit
from shared_apps.identity.access import access
from shared_apps.kernel import clock
from shared_apps.suppliers import queries
from shared_apps.suppliers.enums import AdapterKind, HubBasis, SupplierKind, SupplierState
from shared_apps.suppliers.queries import SupplierOverview
from tenant_apps.backoffice import states, timeline
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

from . import sections
from .addresses import to

SECTION = sections.SUPPLIERS


@access(SECTION.policy)
class Suppliers(Listing):
    section = SECTION
    title = pgettext_lazy("many", "供应商")
    export = "console:suppliers_export"
    columns = (
        link_column("name", _("供应商")),
        column("kind", _("类别")),
        link_column("hub", _("枢纽节点")),
        mark_column("agreement", _("供销协议")),
        column("cost", _("成本折扣"), "rate", unit="%"),
        column("until", _("协议到期"), "date", off=True),
        mark_column("connection", _("接入")),
        mark_column("state", _("状态")),
    )
    filters = (
        Filter("q", _("名称、标识")),
        Filter("state", _("全部状态"), "select", SupplierState.choices),
    )
    empty = Empty(
        _("还没有供应商"),
        _("导入产品目录时会登记供应商，签订供销协议后才能销售。"),
        "building-factory-2",
    )

    def find(self) -> Sequence[SupplierOverview]:
        return queries.overviews(
            on=timezone.localdate(self.asked.at),
            text=self.asked.raw("q"),
            state=self.asked.one_of("state", SupplierState.values),
        )

    def rows(self, found: Sequence[SupplierOverview]) -> list[Row]:
        return [_row(one) for one in found]


def _row(one: SupplierOverview) -> Row:
    supplier, agreement = one.supplier, one.agreement
    return {
        "name": Link(
            str(supplier),
            to("supplier", supplier.slug),
            note=supplier.name if supplier.name_zh else "",
            drawer=True,
        ),
        "kind": SupplierKind(supplier.kind).label,
        "hub": Link(str(supplier.hub), note=str(HubBasis(supplier.hub_basis).label))
        if supplier.hub
        else None,
        "agreement": Mark(said("生效中"), GREEN)
        if agreement
        else Mark(said("没有生效的协议"), RED),
        "cost": agreement.cost_percent.normalize() if agreement else None,
        "until": agreement.valid_during.upper if agreement else None,
        "connection": Mark(AdapterKind(one.connection.adapter).label, GREEN)
        if one.connection
        else Mark(said("未接入"), AMBER),
        "state": states.supplier(supplier.state),
    }


@access(SECTION.policy)
def supplier(request: HttpRequest, slug: str) -> HttpResponse:
    at = clock.now()
    found = queries.supplier(slug=slug)
    agreements = queries.agreements(supplier=found)
    context = {
        "supplier": found,
        "state": states.supplier(found.state),
        "kind": SupplierKind(found.kind).label,
        "basis": HubBasis(found.hub_basis).label if found.hub_basis else "",
        "connection": queries.connection(supplier=found),
        "sells": queries.sells(supplier=found, on=timezone.localdate(at)),
        "agreements": [
            {"agreement": one, "state": states.agreement(one.state)} for one in agreements
        ],
        "events": timeline.events(audit.histories([found, *agreements])[:50]),
    }
    return page(request, "console/supplier.html", SECTION, context)
