"""What can be bought, and at what list price since when.

An Offering is a machine of one supplier; a Plan is a way of buying it; a Price holds for a
half-open period and is never edited: a trigger refuses everything but closing the open end.
"""

from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from shared_apps.kernel.models import PublicId
from shared_apps.kernel.rows import SharedRows
from shared_apps.suppliers.models import Supplier

from .enums import OfferingState, PlanKind, PlanState, PriceUnit

PUBLIC_FACT = SharedRows(read="true", operator_write=True)


class GpuModel(models.Model):
    """A card as it is sold: code, memory and form. Memory is a card's own, in GB."""

    rows = PUBLIC_FACT

    code = models.CharField(_("型号"), max_length=40, db_index=True)
    name = models.CharField(_("名称"), max_length=60)
    vendor = models.CharField(_("厂商"), max_length=40)
    architecture = models.CharField(_("架构"), max_length=40)
    form = models.CharField(_("形态"), max_length=10, blank=True)
    memory_gb = models.PositiveIntegerField(_("单卡显存 GB"), db_index=True)
    fp32_tflops = models.DecimalField(
        _("FP32 TFLOPS（厂商标称）"), max_digits=9, decimal_places=3, null=True, blank=True
    )
    aliases = models.CharField(_("别名"), max_length=200, blank=True)

    class Meta:
        ordering = ("code", "memory_gb", "form")
        verbose_name = _("GPU 型号")
        verbose_name_plural = _("GPU 型号")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("code", "memory_gb", "form"), name="gpu_model_once"),
            models.CheckConstraint(condition=Q(memory_gb__gt=0), name="gpu_model_has_memory"),
        ]

    def __str__(self) -> str:
        form = f" {self.form}" if self.form else ""
        return f"{self.name}{form} {self.memory_gb} GB"


class Offering(PublicId):
    """A machine that a supplier sells. GPUs are counted in whole cards; a CPU machine has none.

    `vcpu` and `ram_gb` are what the buyer can count on; where the supplier states a range, the
    upper end stands in `vcpu_most` and `ram_gb_most`.
    """

    # No predicate on state here: under one, PostgreSQL may not use the search index, because a
    # text search is not leakproof. What is not on sale is left out by the queries.
    rows = PUBLIC_FACT

    supplier = models.ForeignKey(Supplier, models.PROTECT, related_name="offerings")
    sku = models.CharField(_("SKU"), max_length=120)
    name = models.CharField(_("供应商的名称"), max_length=80, blank=True)
    state = models.CharField(_("状态"), max_length=10, choices=OfferingState.choices)
    gpu_model = models.ForeignKey(
        GpuModel, models.PROTECT, null=True, blank=True, related_name="offerings"
    )
    gpu_count = models.PositiveSmallIntegerField(_("卡数"), db_index=True)
    gpu_memory_gb = models.PositiveIntegerField(_("总显存 GB"), db_index=True)
    vcpu = models.PositiveIntegerField(_("vCPU"), null=True, blank=True)
    vcpu_most = models.PositiveIntegerField(_("vCPU 上限"), null=True, blank=True)
    ram_gb = models.DecimalField(
        _("内存 GB"), max_digits=10, decimal_places=2, null=True, blank=True
    )
    ram_gb_most = models.DecimalField(
        _("内存上限 GB"), max_digits=10, decimal_places=2, null=True, blank=True
    )
    search = SearchVectorField(null=True, editable=False)
    created_at = models.DateTimeField(_("登记时间"))

    class Meta:
        ordering = ("id",)
        verbose_name = _("产品")
        verbose_name_plural = _("产品")
        indexes: ClassVar = [
            GinIndex(fields=("search",), name="offering_search"),
            models.Index(fields=("state", "supplier"), name="offering_state_supplier"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("supplier", "sku"), name="offering_sku_once"),
            models.CheckConstraint(
                condition=Q(state__in=OfferingState.values), name="offering_state_known"
            ),
            models.CheckConstraint(
                condition=Q(gpu_model__isnull=True, gpu_count=0, gpu_memory_gb=0)
                | Q(gpu_model__isnull=False, gpu_count__gt=0, gpu_memory_gb__gt=0),
                name="offering_cards_agree",
            ),
            models.CheckConstraint(
                condition=Q(vcpu_most__isnull=True) | Q(vcpu_most__gte=F("vcpu")),
                name="offering_vcpu_range",
            ),
            models.CheckConstraint(
                condition=Q(ram_gb_most__isnull=True) | Q(ram_gb_most__gte=F("ram_gb")),
                name="offering_ram_range",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.supplier_id} {self.sku}"


class Plan(PublicId):
    """A way of buying an offering. The external ids are what its supplier's broker calls it.

    Until the broker has been asked (`services.link_plans`) the plan goes by our own public id.
    """

    rows = PUBLIC_FACT

    offering = models.ForeignKey(Offering, models.PROTECT, related_name="plans")
    kind = models.CharField(_("计费方式"), max_length=10, choices=PlanKind.choices)
    unit = models.CharField(
        _("计价单位"), max_length=14, choices=PriceUnit.choices, default=PriceUnit.INSTANCE_HOUR
    )
    state = models.CharField(
        _("状态"), max_length=10, choices=PlanState.choices, default=PlanState.ACTIVE
    )
    external_service_id = models.CharField(_("供应商服务标识"), max_length=160)
    external_plan_id = models.CharField(_("供应商套餐标识"), max_length=160)

    class Meta:
        ordering = ("offering", "kind")
        verbose_name = _("计费方案")
        verbose_name_plural = _("计费方案")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=("offering", "kind"), name="plan_once_per_kind"),
            models.CheckConstraint(condition=Q(kind__in=PlanKind.values), name="plan_kind_known"),
            models.CheckConstraint(condition=Q(unit__in=PriceUnit.values), name="plan_unit_known"),
            models.CheckConstraint(
                condition=Q(state__in=PlanState.values), name="plan_state_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.offering_id} {self.kind}"


class FxRate(models.Model):
    """How many `quote` one `base` is, by whose word, from when. Written once; a new one follows."""

    rows = SharedRows(read="true", operator_write=True, append_only=True)

    base = models.CharField(_("外币"), max_length=3)
    quote = models.CharField(_("本币"), max_length=3, default="CNY")
    rate = models.DecimalField(_("汇率"), max_digits=18, decimal_places=6)
    source = models.CharField(_("来源"), max_length=200)
    effective_at = models.DateTimeField(_("生效时间"))

    class Meta:
        ordering = ("-effective_at", "-id")
        verbose_name = _("汇率")
        verbose_name_plural = _("汇率")
        indexes: ClassVar = [
            models.Index(fields=("base", "quote", "-effective_at"), name="fx_rate_newest")
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(rate__gt=0), name="fx_rate_positive"),
            models.CheckConstraint(condition=~Q(source=""), name="fx_rate_has_source"),
        ]

    def __str__(self) -> str:
        return f"1 {self.base} = {self.rate.normalize():f} {self.quote}"


class Price(models.Model):
    """A plan's list price over a half-open period: yuan per instance and hour, with its origin.

    `starts_at` and `ends_at` repeat the period for large joins: behind row policies PostgreSQL has no
    statistics for ranges, takes one row in a hundred for granted and joins 100,000 by nested loops.
    """

    rows = PUBLIC_FACT

    plan = models.ForeignKey(Plan, models.PROTECT, related_name="prices")
    effective = DateTimeRangeField(_("生效期"))
    starts_at = models.GeneratedField(
        expression=models.Func(F("effective"), function="lower"),
        output_field=models.DateTimeField(),
        db_persist=True,
    )
    ends_at = models.GeneratedField(
        expression=models.Func(F("effective"), function="upper"),
        output_field=models.DateTimeField(null=True),
        db_persist=True,
    )
    list_hourly = models.DecimalField(_("目录价 元/小时"), max_digits=18, decimal_places=6)
    source_amount = models.DecimalField(_("原币金额"), max_digits=18, decimal_places=6)
    source_currency = models.CharField(_("原币"), max_length=3)
    fx_rate = models.ForeignKey(FxRate, models.PROTECT, null=True, blank=True)

    class Meta:
        ordering = ("plan", "effective")
        verbose_name = _("目录价")
        verbose_name_plural = _("目录价")
        indexes: ClassVar = [
            models.Index(
                fields=("list_hourly",),
                name="price_open_by_amount",
                condition=Q(effective__endswith__isnull=True),
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(list_hourly__gt=0, source_amount__gt=0), name="price_positive"
            ),
            models.CheckConstraint(
                condition=Q(effective__startswith__isnull=False), name="price_has_a_beginning"
            ),
            models.CheckConstraint(
                condition=Q(source_currency="CNY") | Q(fx_rate__isnull=False),
                name="price_foreign_has_rate",
            ),
            ExclusionConstraint(
                name="price_one_at_a_time",
                expressions=[
                    (F("plan"), RangeOperators.EQUAL),
                    (F("effective"), RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan_id} {self.list_hourly}"


class ImportRun(PublicId):
    """One reading of a supplier's price file: what came in, what changed, what was refused."""

    rows = SharedRows(operator_read="true", operator_write=True, append_only=True)

    file_name = models.CharField(_("文件名"), max_length=200)
    sha256 = models.CharField(_("文件摘要"), max_length=64)
    fx_rate = models.ForeignKey(FxRate, models.PROTECT)
    counts = models.JSONField(_("计数"))
    findings = models.JSONField(_("逐行说明"))
    started_at = models.DateTimeField(_("开始时间"))
    finished_at = models.DateTimeField(_("结束时间"))
    by = models.CharField(_("操作人"), max_length=120)

    class Meta:
        ordering = ("-id",)
        verbose_name = _("导入记录")
        verbose_name_plural = _("导入记录")

    def __str__(self) -> str:
        return f"{self.file_name} {self.started_at:%Y-%m-%d %H:%M}"
