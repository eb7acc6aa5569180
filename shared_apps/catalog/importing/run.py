"""Importing a price file: one transaction, safe to repeat, and a dry run that reports the same."""

from __future__ import annotations

import hashlib
from datetime import datetime
from decimal import Decimal

from django.db import connection, transaction
from django.db.models import DateTimeField, Func

from shared_apps.audit.services import record
from shared_apps.catalog.models import FxRate, GpuModel, ImportRun, Offering, Plan
from shared_apps.catalog.prices import LIST_CURRENCY
from shared_apps.catalog.services import Quote, check_rate, index, replace_prices
from shared_apps.kernel.context import actor
from shared_apps.suppliers.services import register_supplier

from .changes import Changes, Comparison, Present
from .findings import Finding, Severity
from .reading import CURRENCY, ReadFile, read
from .report import ChangeLine, ImportReport

# Used when nobody has ever stated a rate. An assumption, and stored as one.
ASSUMED_RATE = Decimal("7.10")
ASSUMED_SOURCE = "演示假定：1 美元 = 7.10 元，不是市场汇率"

_CARD_FIELDS = ["name", "vendor", "architecture", "fp32_tflops", "aliases"]
_OFFERING_FIELDS = [
    "name",
    "gpu_model",
    "gpu_count",
    "gpu_memory_gb",
    "vcpu",
    "vcpu_most",
    "ram_gb",
    "ram_gb_most",
]


def import_offers(
    *,
    data: bytes,
    file_name: str,
    at: datetime,
    dry_run: bool = False,
    rate: Decimal | None = None,
    rate_source: str = "",
) -> ImportReport:
    """Brings the catalogue to what the file says, from `at` on, and tells what that took.

    Refused rows are reported and the rest goes in. Offers that the file no longer has are reported
    and left alone. Imports wait for each other; prices in force are closed, never changed.
    """
    with transaction.atomic():
        if not dry_run:
            _one_at_a_time()
        contents = read(data)
        fx = _rate(rate, rate_source, at)
        present = Present.load({offer.cloud.slug for offer in contents.offers})
        comparison = Comparison(present, fx=fx, at=at)
        changes = comparison.compare(contents.offers, refused_names=contents.refused_names)
        report = _report(data, file_name, dry_run, fx, contents, changes, len(comparison.suppliers))
        if not dry_run:
            _write(changes, fx=fx, at=at)
            _log(report, fx=fx, at=at)
    return report


def _one_at_a_time() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('catalog.import_offers'))")


def _rate(rate: Decimal | None, source: str, at: datetime) -> FxRate:
    """The rate to use: the one given, else the newest stored, else the assumption. Unsaved if new."""
    newest = FxRate.objects.filter(base=CURRENCY, quote=LIST_CURRENCY).first()
    if rate is None:
        if newest is not None:
            return newest
        rate, source = ASSUMED_RATE, ASSUMED_SOURCE
    check_rate(rate=rate, source=source)
    if newest is not None and (newest.rate, newest.source) == (rate, source):
        return newest
    return FxRate(base=CURRENCY, quote=LIST_CURRENCY, rate=rate, source=source, effective_at=at)


def _report(
    data: bytes,
    file_name: str,
    dry_run: bool,
    fx: FxRate,
    contents: ReadFile,
    changes: Changes,
    suppliers_seen: int,
) -> ImportReport:
    lines = list(changes.lines)
    if fx._state.adding:
        lines.insert(0, ChangeLine("fx_rate", "", "", "", str(fx)))
    order = {Severity.ERROR: 0, Severity.DUPLICATE: 1, Severity.NOTE: 2}
    findings: list[Finding] = sorted(
        contents.findings + changes.findings, key=lambda found: (order[found.severity], found.line)
    )
    return ImportReport(
        file_name=file_name,
        sha256=hashlib.sha256(data).hexdigest(),
        dry_run=dry_run,
        rate=f"{fx.rate.normalize():f}",
        rate_source=fx.source,
        rows=contents.rows,
        imported=changes.imported,
        suppliers_new=len(changes.suppliers),
        suppliers_seen=suppliers_seen,
        gpu_models_new=len(changes.cards),
        gpu_models_changed=len(changes.changed_cards),
        offers_new=len(changes.offerings),
        offers_changed=len(changes.changed_offerings),
        offers_unchanged=changes.unchanged,
        prices_new=changes.prices_new,
        prices_changed=changes.prices_changed,
        fx_rates_new=int(fx._state.adding),
        changes=tuple(lines),
        vanished=tuple(changes.vanished),
        findings=tuple(findings),
    )


def _write(changes: Changes, *, fx: FxRate, at: datetime) -> None:
    if fx._state.adding:
        fx.save(force_insert=True)
    registered = {
        slug: register_supplier(
            slug=slug, name=cloud.name, name_zh=cloud.name_zh, aliases=cloud.aliases, at=at
        )
        for slug, cloud in changes.suppliers.items()
    }
    GpuModel.objects.bulk_create(changes.cards)
    GpuModel.objects.bulk_update(changes.changed_cards, _CARD_FIELDS)
    for offering in changes.offerings:
        offering.supplier = registered.get(offering.supplier.slug, offering.supplier)
        offering.gpu_model = offering.gpu_model  # takes the key that the card has now
    Offering.objects.bulk_create(changes.offerings)
    for offering in changes.changed_offerings:
        offering.gpu_model = offering.gpu_model
    Offering.objects.bulk_update(changes.changed_offerings, _OFFERING_FIELDS)
    for plan in changes.plans:
        plan.offering = plan.offering
    Plan.objects.bulk_create(changes.plans)
    replace_prices([Quote(plan.pk, amount, CURRENCY, fx) for plan, amount in changes.quotes], at=at)
    _index(changes)


def _index(changes: Changes) -> None:
    touched = {
        offering.pk: offering
        for offering in (
            *changes.offerings,
            *changes.changed_offerings,
            *(plan.offering for plan in changes.plans),
        )
    }
    stale = [card.pk for card in changes.changed_cards]
    for offering in Offering.objects.select_related("supplier__hub", "gpu_model").filter(
        gpu_model__in=stale
    ):
        touched.setdefault(offering.pk, offering)
    index(list(touched.values()), {o.supplier_id: o.supplier for o in touched.values()})


def _log(report: ImportReport, *, fx: FxRate, at: datetime) -> None:
    who = actor()
    run = ImportRun(
        file_name=report.file_name[:200],
        sha256=report.sha256,
        fx_rate=fx,
        counts=report.counts(),
        findings=[finding.as_json() for finding in report.findings],
        started_at=at,
        by=f"{who.kind} {who.name or who.id}"[:120],
    )
    # The statement's own time: how long it took is nobody's input.
    run.finished_at = Func(function="clock_timestamp", output_field=DateTimeField())
    run.save(force_insert=True)
    record("catalog.import", obj=run, after={"file": run.file_name, **report.counts()})
