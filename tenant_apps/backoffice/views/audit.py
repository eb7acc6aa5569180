from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from shared_apps.audit import queries
from shared_apps.audit.models import Record
from shared_apps.identity.access import access
from tenant_apps.backoffice import sections, timeline, words
from tenant_apps.backoffice.cells import Link, Row, column, link_column
from tenant_apps.backoffice.frame import page
from tenant_apps.backoffice.listing import DAYS, Empty, Filter, Listing

from .addresses import to

SECTION = sections.AUDIT


def _families() -> list[tuple[str, str]]:
    return [(code, words.family(code)) for code in queries.families()]


@access(SECTION.policy)
class Audit(Listing):
    section = SECTION
    title = _("操作记录")
    lead = _("谁在什么时候做了什么。记录不能修改或删除。")
    export = "office:audit_export"
    columns = (
        link_column("at", _("时间")),
        column("who", _("操作人")),
        column("kind", _("身份")),
        column("action", _("操作")),
        column("note", _("说明")),
        column("ip", _("来源地址")),
        column("object_id", _("对象"), "id", off=True),
        column("request_id", _("请求编号"), "id", off=True),
    )
    filters = (
        Filter("q", _("操作人、对象编号、说明")),
        Filter("action", _("全部操作"), "select", _families),
        Filter("kind", _("全部身份"), "select", tuple(words.ACTOR_KINDS.items())),
        *DAYS,
    )
    empty = Empty(_("还没有操作记录"), "", "history")

    def find(self) -> QuerySet[Record]:
        return queries.records(
            text=self.asked.raw("q"),
            action=self.asked.raw("action"),
            actor_kind=self.asked.one_of("kind", words.ACTOR_KINDS),
            since=self.asked.since(),
            until=self.asked.until(),
        )

    def rows(self, found: Sequence[Record]) -> list[Row]:
        return [
            {
                "at": Link(
                    localtime(record.at).strftime("%Y-%m-%d %H:%M:%S"),
                    to("audit_record", record.public_id),
                    drawer=True,
                ),
                "who": record.actor_name or words.actor_kind(record.actor_kind),
                "kind": words.actor_kind(record.actor_kind),
                "action": words.action(record.action),
                "note": record.note,
                "ip": record.ip,
                "object_id": record.object_id,
                "request_id": record.request_id,
            }
            for record in found
        ]


@access(SECTION.policy)
def record(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = queries.one(public_id=public_id)
    context = {
        "record": found,
        "action": words.action(found.action),
        "kind": words.actor_kind(found.actor_kind),
        "changes": timeline.changes(found),
    }
    return page(request, "backoffice/record.html", SECTION, context)
