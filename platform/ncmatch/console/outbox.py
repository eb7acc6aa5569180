from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as said
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from shared_apps.audit import services as audit
from shared_apps.distributors import queries as distributors
from shared_apps.identity.access import access
from shared_apps.kernel import clock, tenancy
from shared_apps.kernel.errors import DomainError
from shared_apps.outbox import queries, services
from shared_apps.outbox.models import Delivery, State
from tenant_apps.backoffice import states, words
from tenant_apps.backoffice.cells import Link, Row, column, link_column, mark_column
from tenant_apps.backoffice.frame import page
from tenant_apps.backoffice.listing import Empty, Filter, Listing
from tenant_apps.backoffice.sections import allows

from . import sections
from .addresses import to

SECTION = sections.OUTBOX
CONDITIONS = (
    ("PENDING", _("待投递")),
    ("RETRYING", _("重试中")),
    ("DEAD", _("多次失败")),
    ("DONE", _("已完成")),
)


def _shops() -> list[tuple[str, str]]:
    shared = (tenancy.PUBLIC, str(_("共享平面")))
    return [shared, *((one.schema_name, one.name) for one in distributors.fleet())]


@access(SECTION.policy)
class Outbox(Listing):
    section = SECTION
    title = _("事件投递")
    lead = _("业务事件随业务一起提交，由后台逐条投递；失败会自动重试，多次失败的需要人工处理。")
    export = "console:outbox_export"
    columns = (
        link_column("topic", _("事件")),
        column("shop", _("所属")),
        mark_column("state", _("状态")),
        column("attempts", _("次数"), "figure", sort="attempts"),
        column("error", _("最近一次失败")),
        column("due_at", _("下次投递"), "time", sort="due_at"),
        column("created_at", _("产生时间"), "time", sort="created_at"),
        column("done_at", _("完成时间"), "time", off=True),
        column("handler", _("处理程序"), off=True),
    )
    sorts = {"attempts": "attempts", "due_at": "due_at", "created_at": "created_at"}
    filters = (
        Filter("q", _("事件、失败原因")),
        Filter("state", _("全部状态"), "select", CONDITIONS),
        Filter("shop", _("全部所属"), "select", _shops),
    )
    empty = Empty(_("还没有事件"), _("有了第一笔业务后，事件会列在这里。"), "send")

    def find(self) -> QuerySet[Delivery]:
        return queries.deliveries(
            condition=self.asked.one_of("state", dict(CONDITIONS)),
            text=self.asked.raw("q"),
            schema=self.asked.raw("shop"),
        )

    def rows(self, found: Sequence[Delivery]) -> list[Row]:
        names = dict(_shops())
        return [
            {
                "topic": Link(
                    words.topic(row.topic), to("delivery", row.public_id), row.topic, drawer=True
                ),
                "shop": names.get(row.schema, row.schema),
                "state": states.delivery(row.state, row.attempts),
                "attempts": row.attempts,
                "error": row.last_error[:120],
                "due_at": row.due_at if row.state == State.PENDING else None,
                "created_at": row.created_at,
                "done_at": row.done_at,
                "handler": row.handler,
            }
            for row in found
        ]

    def more(self) -> Mapping[str, Any]:
        return {"above": "console/_backlog.html", "backlog": queries.backlog(at=self.asked.at)}


@access(SECTION.policy)
def delivery(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = queries.delivery(public_id=public_id)
    context = {
        "delivery": found,
        "topic": words.topic(found.topic),
        "state": states.delivery(found.state, found.attempts),
        "shop": dict(_shops()).get(found.schema, found.schema),
        "dead": found.state == State.DEAD,
        "may_retry": allows(sections.RETRY, request),
    }
    return page(request, "console/delivery.html", SECTION, context)


@require_POST
@access(sections.RETRY)
def retry(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Puts a dead delivery back: asked for in the operator's audit, done and audited in the shared plane."""
    row = queries.delivery(public_id=public_id)
    with transaction.atomic():
        audit.record("outbox.ask_retry", obj=row, after={"topic": row.topic, "schema": row.schema})
    try:
        with tenancy.shared():
            services.retry_dead(public_id=public_id, at=clock.now())
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request, said("“%(topic)s”已放回队列。") % {"topic": words.topic(row.topic)}
        )
    return redirect("console:delivery", public_id=public_id)
