"""How invoices are asked for and written."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from billing.invoicing.enums import InvoiceColor, InvoiceKind, InvoiceState, TitleKind
from billing.invoicing.models import Consumption, Invoice, InvoiceLine, Title
from billing.invoicing.services.requests import MOST_LINES
from shared_apps.kernel.api.fields import DecimalText, MoneyField
from shared_apps.kernel.api.pages import PageQuery, paged


class TitleAsked(serializers.ModelSerializer[Title]):
    title_kind = serializers.ChoiceField(TitleKind.choices)
    tax_number = serializers.CharField(
        max_length=24, required=False, allow_blank=True, help_text="企业必填，18 位，含校验码。"
    )

    class Meta:
        model = Title
        fields: tuple[str, ...] = (
            "title_kind",
            "name",
            "tax_number",
            "bank_name",
            "bank_account",
            "address",
            "phone",
            "is_default",
        )


class TitleFields(TitleAsked):
    id = serializers.UUIDField(source="public_id")

    class Meta(TitleAsked.Meta):
        fields = ("id", *TitleAsked.Meta.fields)


class InvoiceableFields(serializers.Serializer[Consumption]):
    id = serializers.UUIDField(source="public_id", help_text="申请开票时传入 consumption_ids。")
    name = serializers.CharField()
    order_id = serializers.UUIDField(allow_null=True)
    order_number = serializers.CharField()
    consumed_at = serializers.DateTimeField()
    tax_rate = DecimalText(help_text="税率，百分之几。")
    amount = MoneyField(source="open", help_text="还可开票的金额，含税。")
    currency = serializers.CharField()


class InvoiceAsked(serializers.Serializer[Any]):
    title_id = serializers.UUIDField(help_text="抬头编号，见 /invoice-titles。")
    kind = serializers.ChoiceField(InvoiceKind.choices)
    consumption_ids = serializers.ListField(
        child=serializers.UUIDField(),
        min_length=1,
        max_length=MOST_LINES,
        help_text="要开票的消费，见 /invoiceable；每项按还可开票的全额开。",
    )
    email = serializers.EmailField(help_text="开好后发到这里。")
    mobile = serializers.CharField(max_length=30, required=False, allow_blank=True, default="")
    remark = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class InvoiceSummaryFields(serializers.Serializer[Invoice]):
    id = serializers.UUIDField(source="public_id")
    number = serializers.CharField(help_text="申请编号。")
    kind = serializers.ChoiceField(InvoiceKind.choices)
    color = serializers.ChoiceField(InvoiceColor.choices)
    state = serializers.ChoiceField(InvoiceState.choices)
    name = serializers.CharField(help_text="抬头名称。")
    tax_number = serializers.CharField()
    amount = MoneyField(help_text="价税合计；红票为负。")
    net = MoneyField(help_text="不含税金额。")
    tax = MoneyField(help_text="税额。")
    reversed = MoneyField(help_text="蓝票已红冲的金额。")
    currency = serializers.CharField()
    tax_code = serializers.CharField(help_text="发票代码；数电发票为空。")
    tax_invoice_number = serializers.CharField(help_text="发票号码；未开具时为空。")
    issued_on = serializers.DateField(allow_null=True)
    reason = serializers.CharField(help_text="驳回或红冲的原因；没有时为空。")
    asked_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)


class InvoiceLineFields(serializers.Serializer[InvoiceLine]):
    name = serializers.CharField()
    tax_item = serializers.CharField()
    tax_rate = DecimalText()
    amount = MoneyField()
    net = MoneyField()
    tax = MoneyField()


class InvoiceFields(InvoiceSummaryFields):
    reverses_id = serializers.UUIDField(
        source="reverses.public_id", default=None, allow_null=True, help_text="红票对应的蓝票。"
    )
    lines = InvoiceLineFields(many=True, source="lines.all")


class InvoiceableQuery(PageQuery):
    since = serializers.DateTimeField(required=False, help_text="消费时间从（含）。")
    until = serializers.DateTimeField(required=False, help_text="消费时间到（不含）。")


class InvoiceQuery(PageQuery):
    state = serializers.ChoiceField(InvoiceState.choices, default="")


InvoicePage = paged(InvoiceSummaryFields, "InvoicePage")
InvoiceablePage = paged(InvoiceableFields, "InvoiceablePage")
TitlePage = paged(TitleFields, "InvoiceTitlePage")
