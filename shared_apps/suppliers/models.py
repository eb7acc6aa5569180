"""Who supplies, where, by which contract and through which door.

What a tenant may know (names, hub, when a supplier sells) and what only the operator may know (the
door's secret, the cost) stand in different tables, so that row rights keep them apart.
"""

from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import (
    ArrayField,
    DateRangeField,
    RangeOperators,
)
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from shared_apps.kernel.models import PublicId
from shared_apps.kernel.rows import SharedRows

from .enums import AdapterKind, AgreementState, HubBasis, SupplierKind, SupplierState
from .names import spoken

PUBLIC_FACT = SharedRows(read="true", operator_write=True)
OPERATOR_ONLY = SharedRows(operator_read="true", operator_write=True)


class Hub(models.Model):
    """国家枢纽节点: one of the eight."""

    rows = PUBLIC_FACT

    code = models.SlugField(_("代码"), max_length=20, unique=True)
    name = models.CharField(_("名称"), max_length=40)
    provinces = ArrayField(models.CharField(max_length=20), verbose_name=_("省份"))
    clusters = ArrayField(models.CharField(max_length=40), verbose_name=_("集群"))
    longitude = models.DecimalField(_("经度"), max_digits=9, decimal_places=6)
    latitude = models.DecimalField(_("纬度"), max_digits=9, decimal_places=6)
    pinyin = models.CharField(_("拼音"), max_length=80)
    position = models.PositiveSmallIntegerField(_("次序"))

    class Meta:
        ordering = ("position",)
        verbose_name = _("枢纽节点")
        verbose_name_plural = _("枢纽节点")

    def __str__(self) -> str:
        return spoken(self.name)


class Supplier(PublicId):
    rows = PUBLIC_FACT

    slug = models.SlugField(_("标识"), max_length=40, unique=True)
    name = models.CharField(_("名称"), max_length=80)
    name_zh = models.CharField(_("中文名称"), max_length=80, blank=True)
    aliases = models.CharField(_("别名"), max_length=200, blank=True)
    sort_key = models.CharField(_("拼音"), max_length=200, editable=False)
    kind = models.CharField(_("类别"), max_length=10, choices=SupplierKind.choices)
    state = models.CharField(_("状态"), max_length=10, choices=SupplierState.choices)
    website = models.URLField(_("网址"), blank=True)
    hub = models.ForeignKey(
        Hub,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="suppliers",
        verbose_name=_("枢纽节点"),
    )
    hub_basis = models.CharField(_("位置依据"), max_length=10, choices=HubBasis.choices, blank=True)
    created_at = models.DateTimeField(_("登记时间"))

    class Meta:
        ordering = ("sort_key", "id")
        verbose_name = _("供应商")
        verbose_name_plural = _("供应商")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(kind__in=SupplierKind.values), name="supplier_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(state__in=SupplierState.values), name="supplier_state_known"
            ),
            models.CheckConstraint(
                condition=Q(hub__isnull=True, hub_basis="")
                | Q(hub__isnull=False, hub_basis__in=HubBasis.values),
                name="supplier_hub_has_basis",
            ),
        ]

    def __str__(self) -> str:
        return spoken(self.display_name)

    @property
    def display_name(self) -> str:
        return self.name_zh or self.name


class SupplierConnection(models.Model):
    """The door to a supplier. The secret is sealed, and only the platform and the operator read it."""

    rows = OPERATOR_ONLY

    supplier = models.OneToOneField(Supplier, models.PROTECT, related_name="connection")
    adapter = models.CharField(_("接入方式"), max_length=10, choices=AdapterKind.choices)
    base_url = models.URLField(_("接口地址"), blank=True)
    username = models.CharField(_("用户名"), max_length=80, blank=True)
    sealed_secret = models.TextField(_("密钥（已加密）"), blank=True, editable=False)
    changed_at = models.DateTimeField(_("修改时间"))

    class Meta:
        verbose_name = _("供应商接入")
        verbose_name_plural = _("供应商接入")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(adapter__in=AdapterKind.values), name="connection_adapter_known"
            ),
            models.CheckConstraint(
                condition=Q(adapter=AdapterKind.MANUAL) | ~Q(base_url=""),
                name="connection_has_address",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.supplier_id} {self.adapter}"


class SupplyAgreement(PublicId):
    """供销协议: what a supplier's list price costs us, and from when until when.

    At any day a supplier has at most one agreement that came into force; the database refuses a
    second. `valid_during` is half-open; an agreement that ended keeps the days it was in force.
    """

    rows = OPERATOR_ONLY

    supplier = models.ForeignKey(Supplier, models.PROTECT, related_name="agreements")
    cost_percent = models.DecimalField(_("成本占目录价的百分比"), max_digits=18, decimal_places=6)
    state = models.CharField(_("状态"), max_length=10, choices=AgreementState.choices)
    valid_during = DateRangeField(_("有效期"))
    created_at = models.DateTimeField(_("登记时间"))

    class Meta:
        ordering = ("supplier", "id")
        verbose_name = _("供销协议")
        verbose_name_plural = _("供销协议")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=AgreementState.values), name="agreement_state_known"
            ),
            models.CheckConstraint(
                condition=Q(cost_percent__gt=0, cost_percent__lte=100),
                name="agreement_cost_percent_sane",
            ),
            models.CheckConstraint(
                condition=Q(valid_during__startswith__isnull=False)
                | Q(state=AgreementState.TERMINATED, valid_during__isempty=True),
                name="agreement_has_a_first_day",
            ),
            ExclusionConstraint(
                name="agreement_one_in_force",
                expressions=[
                    (F("supplier"), RangeOperators.EQUAL),
                    (F("valid_during"), RangeOperators.OVERLAPS),
                ],
                condition=~Q(state=AgreementState.DRAFT),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.supplier_id} {self.valid_during}"


class SellingWindow(models.Model):
    """The public half of an agreement: on which days its supplier may be sold. Says nothing of cost."""

    rows = PUBLIC_FACT

    agreement = models.OneToOneField(
        SupplyAgreement, models.PROTECT, primary_key=True, related_name="window"
    )
    supplier = models.ForeignKey(Supplier, models.PROTECT, related_name="selling_windows")
    during = DateRangeField(_("可售期"))

    class Meta:
        verbose_name = _("可售期")
        verbose_name_plural = _("可售期")

    def __str__(self) -> str:
        return f"{self.supplier_id} {self.during}"
