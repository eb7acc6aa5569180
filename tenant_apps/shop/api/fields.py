"""How an offer is written."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from shared_apps.catalog.enums import OfferingState, PlanKind, Sort
from shared_apps.kernel.api.fields import DecimalText, MoneyField
from shared_apps.kernel.api.pages import PageQuery
from shared_apps.suppliers.enums import HubBasis
from tenant_apps.shop.shelf import ShelfOffer

Row = dict[str, Any]


class SupplierFields(serializers.Serializer[Any]):
    slug = serializers.CharField(source="supplier_slug")
    name = serializers.CharField(source="supplier_name")


class HubFields(serializers.Serializer[Any]):
    code = serializers.CharField(source="hub_code")
    name = serializers.CharField(source="hub_name")
    basis = serializers.ChoiceField(
        HubBasis.choices,
        source="hub_basis",
        help_text="位置的依据；DEMO 为演示指定，并非供应商公布。",
    )


class GpuFields(serializers.Serializer[Any]):
    model = serializers.CharField(source="gpu_code")
    name = serializers.CharField(source="gpu_name")
    form = serializers.CharField(source="gpu_form")
    vendor = serializers.CharField(source="gpu_vendor")
    architecture = serializers.CharField(source="gpu_architecture")
    count = serializers.IntegerField(source="gpu_count", help_text="卡数。")
    memory_gb = serializers.IntegerField(source="memory_each_gb", help_text="单卡显存，GB。")
    memory_total_gb = serializers.IntegerField(help_text="总显存，GB。")
    fp32_tflops = DecimalText(
        source="gpu_fp32_tflops", allow_null=True, help_text="单卡 FP32，厂商标称。"
    )


class PlanFields(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="public_id", help_text="下单时使用的计费方案编号。")
    kind = serializers.ChoiceField(PlanKind.choices)
    hourly = MoneyField(help_text="整机每小时售价，元；按它乘以小时数和台数计费。")
    per_gpu_hourly = MoneyField(allow_null=True, help_text="折合单卡每小时，元，仅供比较。")
    currency = serializers.CharField(source="hourly.currency")


class OfferFields(serializers.Serializer[ShelfOffer]):
    id = serializers.UUIDField(source="row.public_id")
    name = serializers.CharField(source="row.title")
    sku = serializers.CharField(source="row.sku")
    state = serializers.ChoiceField(OfferingState.choices, source="row.state")
    buyable = serializers.BooleanField(source="row.buyable", help_text="现在能否下单。")
    supplier = SupplierFields(source="row")
    hub = serializers.SerializerMethodField()
    gpu = serializers.SerializerMethodField(help_text="没有 GPU 的主机为 null。")
    vcpu = serializers.IntegerField(source="row.vcpu", allow_null=True)
    vcpu_most = serializers.IntegerField(source="row.vcpu_most", allow_null=True)
    ram_gb = DecimalText(source="row.ram_gb", allow_null=True)
    ram_gb_most = DecimalText(source="row.ram_gb_most", allow_null=True)
    plans = PlanFields(many=True)

    @extend_schema_field(HubFields(allow_null=True))
    def get_hub(self, offer: ShelfOffer) -> Row | None:
        return HubFields(offer.row).data if offer.row.hub_code else None

    @extend_schema_field(GpuFields(allow_null=True))
    def get_gpu(self, offer: ShelfOffer) -> Row | None:
        return GpuFields(offer.row).data if offer.row.gpu_code else None


class TextFacet(serializers.Serializer[Any]):
    value = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # hides Field.label, which is None here
    count = serializers.IntegerField(help_text="选择后能看到的产品数。")
    selected = serializers.BooleanField()


class NumberFacet(TextFacet):
    value = serializers.IntegerField()  # type: ignore[assignment]  # a number in place of text


class FacetFields(serializers.Serializer[Any]):
    gpu_models = TextFacet(many=True, source="facets.gpu_models")
    gpu_counts = NumberFacet(many=True, source="facets.gpu_counts")
    memories = NumberFacet(many=True, source="facets.memories", help_text="单卡显存，GB。")
    suppliers = TextFacet(many=True, source="facets.suppliers")
    hubs = TextFacet(many=True, source="facets.hubs")
    price_min = MoneyField(allow_null=True, help_text="不计价格筛选时的最低每小时售价。")
    price_max = MoneyField(allow_null=True, help_text="不计价格筛选时的最高每小时售价。")
    spot = serializers.IntegerField(source="facets.spot", help_text="其中有竞价方案的产品数。")


class UnderstoodFields(serializers.Serializer[Any]):
    terms = serializers.ListField(child=serializers.CharField(), help_text="必须全部匹配的词。")
    ignored = serializers.ListField(
        child=serializers.CharField(), source="noise", help_text="没有用于筛选的词。"
    )
    gpu_count = serializers.IntegerField(allow_null=True)
    memory_gb = serializers.IntegerField(allow_null=True)
    hours = serializers.IntegerField(allow_null=True, help_text="文字里的使用时长，小时。")


class ShelfFields(serializers.Serializer[Any]):
    items = OfferFields(many=True)
    page = serializers.IntegerField()
    pages = serializers.IntegerField()
    per_page = serializers.IntegerField()
    total = serializers.IntegerField()
    facets = FacetFields(source="*")
    understood = UnderstoodFields()


class Texts(serializers.ListField):
    """Several values, separated by commas or by repeating the parameter."""

    def get_value(self, dictionary: Any) -> Any:
        if self.field_name not in dictionary:
            return serializers.empty
        given = dictionary.getlist(self.field_name)
        return [part.strip() for text in given for part in text.split(",") if part.strip()]


class OfferQuery(PageQuery):
    q = serializers.CharField(
        max_length=200,
        default="",
        allow_blank=True,
        help_text="搜索文字，如 “8卡 A100 80G” 或 “H100 5万元/月”。",
    )
    gpu_model = Texts(child=serializers.CharField(max_length=40), default=list, max_length=50)
    gpu_count = Texts(
        child=serializers.IntegerField(min_value=0, max_value=32_767), default=list, max_length=50
    )
    memory_min = serializers.IntegerField(
        min_value=0, max_value=100_000, default=None, help_text="单卡显存下限，GB。"
    )
    memory_max = serializers.IntegerField(
        min_value=0, max_value=100_000, default=None, help_text="单卡显存上限，GB。"
    )
    price_min = MoneyField(default=None, help_text="整机每小时售价下限，元，含。")
    price_max = MoneyField(default=None, help_text="整机每小时售价上限，元，含。")
    supplier = Texts(child=serializers.CharField(max_length=40), default=list, max_length=50)
    hub = Texts(child=serializers.CharField(max_length=20), default=list, max_length=50)
    spot = serializers.BooleanField(default=False, help_text="只看有竞价方案的，价格按竞价。")
    sort = serializers.ChoiceField(Sort.choices, default=Sort.PER_GPU.value)


class CompareQuery(serializers.Serializer[Any]):
    ids = Texts(
        child=serializers.UUIDField(),
        min_length=1,
        max_length=20,
        help_text="一至四个产品编号，用逗号分隔。",
    )


@extend_schema_field(
    {"oneOf": [{"type": "string"}, {"type": "integer"}], "nullable": True, "example": "86.40"}
)
class FactValue(serializers.Field[Any, Any, Any, Any]):
    """Prices and other decimals as text, counts as numbers."""

    def to_internal_value(self, data: Any) -> Any:
        raise NotImplementedError

    def to_representation(self, value: str | int | Decimal) -> str | int:
        return f"{value:f}" if isinstance(value, Decimal) else value


class FactFields(serializers.Serializer[Any]):
    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # hides Field.label, which is None here
    unit = serializers.CharField()
    values = serializers.ListField(child=FactValue(allow_null=True), help_text="与 offers 同序。")
    best = serializers.ListField(child=serializers.BooleanField(), help_text="与 offers 同序。")
    differs = serializers.BooleanField()


class ComparisonFields(serializers.Serializer[Any]):
    offers = OfferFields(many=True)
    facts = FactFields(many=True)
