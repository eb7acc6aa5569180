from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from shared_apps.catalog.enums import OfferingState, PlanKind
from shared_apps.catalog.importing.findings import SPOKEN
from shared_apps.catalog.models import ImportRun, Offering
from shared_apps.catalog.queries import shelf
from shared_apps.identity.access import access
from shared_apps.kernel import clock
from shared_apps.suppliers import queries as suppliers
from tenant_apps.backoffice import states
from tenant_apps.backoffice.cells import Link, Row, column, link_column, mark_column
from tenant_apps.backoffice.frame import page
from tenant_apps.backoffice.listing import Empty, Filter, Listing

from . import sections
from .addresses import to

SECTION = sections.CATALOGUE
COUNTS = (
    ("rows", _("文件行数")),
    ("imported", _("导入产品")),
    ("refused", _("未导入")),
    ("duplicates", _("重复")),
    ("notes", _("说明")),
    ("suppliers_seen", _("涉及供应商")),
    ("suppliers_new", _("新供应商")),
    ("gpu_models_new", _("新型号")),
    ("offers_new", _("新产品")),
    ("offers_changed", _("规格变更")),
    ("offers_unchanged", _("没有变化")),
    ("prices_new", _("新报价")),
    ("prices_changed", _("改价")),
    ("vanished", _("文件中已没有")),
)


def _tabs(here: str) -> list[dict[str, Any]]:
    return [
        {"label": label, "url": to(name), "active": name == here}
        for name, label in (("catalogue", _("产品")), ("imports", _("导入记录")))
    ]


def _supplier_choices() -> list[tuple[str, str]]:
    return [(one.slug, str(one)) for one in suppliers.suppliers()]


@access(SECTION.policy)
class Catalogue(Listing):
    section = SECTION
    title = _("产品目录")
    lead = _("目录价由供应商报价按登记的汇率折算；各店铺在此基础上定零售价。")
    export = "console:catalogue_export"
    columns = (
        link_column("sku", _("SKU"), sort="sku"),
        column("supplier", _("供应商")),
        column("gpu", _("GPU")),
        column("gpus", _("卡数"), "figure", sort="gpus"),
        column("memory", _("总显存"), "gb", sort="memory", off=True),
        column("vcpu", _("vCPU"), "figure", off=True),
        column("ram", _("内存"), "gb", off=True),
        column("on_demand", _("按需目录价"), "rate", unit=_("元/小时")),
        column("spot", _("竞价目录价"), "rate", unit=_("元/小时")),
        mark_column("state", _("状态"), sort="state"),
    )
    sorts = {"sku": "sku", "gpus": "gpu_count", "memory": "gpu_memory_gb", "state": "state"}
    filters = (
        Filter("q", _("SKU、型号")),
        Filter("supplier", _("全部供应商"), "select", _supplier_choices),
        Filter("state", _("全部状态"), "select", OfferingState.choices),
    )
    empty = Empty(_("目录还是空的"), _("用 manage.py import_offers 读入供应商的报价文件。"), "cpu")

    def find(self) -> QuerySet[Offering]:
        return shelf.offerings(
            at=self.asked.at,
            text=self.asked.raw("q"),
            supplier=self.asked.raw("supplier"),
            state=self.asked.one_of("state", OfferingState.values),
        )

    def rows(self, found: Sequence[Offering]) -> list[Row]:
        return [_row(offering) for offering in found]

    def more(self) -> Mapping[str, Any]:
        return {"tabs": _tabs("catalogue")}


def _row(offering: Offering) -> Row:
    prices = {
        plan.kind: price.list_hourly
        for plan in offering.plans.all()
        for price in getattr(plan, "prices_now", ())
    }
    return {
        "sku": Link(offering.sku, to("offering", offering.public_id), drawer=True),
        "supplier": str(offering.supplier),
        "gpu": str(offering.gpu_model) if offering.gpu_model else "CPU",
        "gpus": offering.gpu_count,
        "memory": offering.gpu_memory_gb or None,
        "vcpu": offering.vcpu,
        "ram": offering.ram_gb,
        "on_demand": prices.get(PlanKind.ON_DEMAND),
        "spot": prices.get(PlanKind.SPOT),
        "state": states.offering(offering.state),
    }


@access(SECTION.policy)
def offering(request: HttpRequest, public_id: UUID) -> HttpResponse:
    found = shelf.offering(public_id=public_id, at=clock.now())
    context = {
        "offering": found,
        "state": states.offering(found.state),
        "plans": [
            {"file": file, "kind": PlanKind(file.plan.kind).label}
            for file in shelf.plan_files(offering=found)
        ],
    }
    return page(request, "console/offering.html", SECTION, context)


@access(SECTION.policy)
class Imports(Listing):
    section = SECTION
    title = _("导入记录")
    export = "console:imports_export"
    columns = (
        link_column("file", _("文件")),
        column("imported", _("导入产品"), "figure"),
        column("refused", _("未导入"), "figure"),
        column("changes", _("变更"), "figure"),
        column("rate", _("汇率")),
        column("by", _("操作人")),
        column("started_at", _("开始时间"), "time"),
    )
    filters = (Filter("q", _("文件名")),)
    empty = Empty(
        _("还没有导入记录"), _("用 manage.py import_offers 读入供应商的报价文件。"), "upload"
    )

    def find(self) -> QuerySet[ImportRun]:
        return shelf.runs(text=self.asked.raw("q"))

    def rows(self, found: Sequence[ImportRun]) -> list[Row]:
        return [
            {
                "file": Link(run.file_name, to("import", run.public_id), drawer=True),
                "imported": run.counts.get("imported"),
                "refused": run.counts.get("refused"),
                "changes": run.counts.get("changes"),
                "rate": str(run.fx_rate),
                "by": run.by,
                "started_at": run.started_at,
            }
            for run in found
        ]

    def more(self) -> Mapping[str, Any]:
        return {"tabs": _tabs("imports")}


@access(SECTION.policy)
def import_run(request: HttpRequest, public_id: UUID) -> HttpResponse:
    run = shelf.run(public_id=public_id)
    spoken = {severity.value: word for severity, word in SPOKEN.items()}
    findings = [
        {**finding, "spoken": spoken.get(finding["severity"], finding["severity"])}
        for finding in run.findings
    ]
    context = {
        "run": run,
        "counts": [
            {"label": label, "value": run.counts[key]} for key, label in COUNTS if key in run.counts
        ],
        "findings": findings,
    }
    return page(request, "console/import.html", SECTION, context)
