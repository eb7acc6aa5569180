from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as said
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_POST

from shared_apps.identity import queries as people
from shared_apps.identity.access import access
from shared_apps.identity.enums import Role
from tenant_apps.backoffice import sections, states, timeline
from tenant_apps.backoffice.asking import staff
from tenant_apps.backoffice.cells import Link, Row, column, link_column
from tenant_apps.backoffice.frame import page
from tenant_apps.backoffice.listing import Empty, Filter, Listing
from tenant_apps.backoffice.queries.customer_file import customer_file
from tenant_apps.customers import queries, services
from tenant_apps.customers.models import Customer

from .addresses import to


@access(sections.CUSTOMERS.policy)
class Customers(Listing):
    section = sections.CUSTOMERS
    title = pgettext_lazy("many", "客户")
    export = "office:customers_export"
    columns = (
        link_column("name", _("客户"), sort="name"),
        column("number", _("客户编号"), "id", sort="number"),
        column("company", _("单位"), sort="company"),
        column("phone", _("手机号")),
        column("owner", _("负责销售")),
        column("created_at", _("注册时间"), "time", sort="created_at"),
    )
    sorts = {
        "name": "user__name",
        "number": "number",
        "company": "company",
        "created_at": "created_at",
    }
    filters = (Filter("q", _("姓名、单位、编号、手机尾号")),)
    empty = Empty(_("还没有客户"), _("客户在店铺注册后会出现在这里。"), "users")

    def find(self) -> QuerySet[Customer]:
        return queries.find(by=staff(self.request), text=self.asked.raw("q"))

    def rows(self, found: Sequence[Customer]) -> list[Row]:
        return [
            {
                "name": Link(str(customer), to("customer", customer.public_id), drawer=True),
                "number": customer.number,
                "company": customer.company,
                "phone": customer.user.masked_phone,
                "owner": str(customer.owner) if customer.owner else "",
                "created_at": customer.created_at,
            }
            for customer in found
        ]


@access(sections.CUSTOMERS.policy)
def customer(request: HttpRequest, public_id: UUID) -> HttpResponse:
    file = customer_file(user=staff(request), public_id=public_id)
    may_assign = sections.allows(sections.ASSIGN, request)
    context = {
        "file": file,
        "orders": [{"order": one, "state": states.order(one.state)} for one in file.orders],
        "resources": [
            {"resource": one, "state": states.resource(one.state)} for one in file.resources
        ],
        "events": timeline.events(file.records),
        "may_orders": sections.allows(sections.ORDERS.policy, request),
        "may_resources": sections.allows(sections.RESOURCES.policy, request),
        "may_books": sections.allows(sections.JOURNAL.policy, request),
        "may_assign": may_assign,
        "sales": people.staff_with(Role.SALES) if may_assign else (),
    }
    return page(request, "backoffice/customer.html", sections.CUSTOMERS, context)


@require_POST
@access(sections.ASSIGN)
def assign(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Hands a customer to a salesperson, or to nobody."""
    found = queries.customer(public_id, by=staff(request))
    chosen = request.POST.get("owner", "")
    owner = next(
        (one for one in people.staff_with(Role.SALES) if str(one.public_id) == chosen), None
    )
    services.assign(customer=found, owner=owner)
    messages.success(
        request,
        said("“%(name)s”已由 %(owner)s 负责。") % {"name": found, "owner": owner}
        if owner
        else said("“%(name)s”暂时没有负责销售。") % {"name": found},
    )
    return redirect("office:customer", public_id=public_id)
