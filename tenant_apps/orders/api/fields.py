"""What is said and told about choices, carts and orders. A price is only ever told, never taken."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from billing.payments.api.fields import PaymentFields
from shared_apps.catalog.enums import PlanKind
from shared_apps.kernel.api.fields import AmountField, MoneyField
from shared_apps.kernel.api.pages import PageQuery, paged
from tenant_apps.orders.enums import LineState, OrderState, PayBy
from tenant_apps.orders.models import MOST_CHOICES, MOST_HOURS, MOST_PER_ITEM, Order, OrderLine


class Amounts(serializers.Serializer[Any]):
    quantity = serializers.IntegerField(min_value=1, max_value=MOST_PER_ITEM, help_text="台数。")
    hours = serializers.IntegerField(min_value=1, max_value=MOST_HOURS, help_text="每台小时数。")


class ChoiceFields(Amounts):
    plan_id = serializers.UUIDField(help_text="计费方案编号，见产品的 plans。")


class QuoteAsked(serializers.Serializer[Any]):
    items = ChoiceFields(  # type: ignore[call-arg]  # `many` makes a list, which knows the lengths
        many=True, min_length=1, max_length=MOST_CHOICES
    )


class PricedFields(ChoiceFields):
    plan_id = serializers.UUIDField(source="choice.plan_id")
    quantity = serializers.IntegerField(source="choice.quantity")
    hours = serializers.IntegerField(source="choice.hours")
    name = serializers.CharField()
    hourly = MoneyField(help_text="每台每小时，元。")
    amount = MoneyField(help_text="hourly × hours × quantity，元。")


class QuoteFields(serializers.Serializer[Any]):
    items = PricedFields(many=True)
    total = MoneyField(help_text="下单时作为 shown_total 原样传回。")
    currency = serializers.CharField(source="total.currency")
    terms_version = serializers.CharField(help_text="现行服务条款的版本。")
    priced_at = serializers.DateTimeField()


class CartLineFields(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="item.public_id")
    plan_id = serializers.UUIDField(source="item.plan.public_id")
    name = serializers.CharField()
    quantity = serializers.IntegerField(source="item.quantity")
    hours = serializers.IntegerField(source="item.hours")
    available = serializers.BooleanField(help_text="为 false 时已不能购买，下单前须移除。")
    hourly = MoneyField(source="priced.hourly", default=None, allow_null=True)
    amount = MoneyField(source="priced.amount", default=None, allow_null=True)


class CartFields(serializers.Serializer[Any]):
    items = CartLineFields(many=True, source="lines")
    total = MoneyField(help_text="能购买的各项之和，元。")
    currency = serializers.CharField(source="total.currency")
    terms_version = serializers.CharField()


class OrderAsked(QuoteAsked):
    shown_total = MoneyField(help_text="向客户显示的总价；与现价不符时返回 409，不下单。")
    terms_version = serializers.CharField(max_length=20, help_text="客户同意的服务条款版本。")


class OrderSummaryFields(serializers.Serializer[Order]):
    id = serializers.UUIDField(source="public_id")
    number = serializers.CharField()
    state = serializers.ChoiceField(OrderState.choices)
    total = MoneyField()
    currency = serializers.CharField()
    placed_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(help_text="未支付的订单在此时自动取消。")
    paid_at = serializers.DateTimeField(allow_null=True)
    paid_by = serializers.ChoiceField(PayBy.choices, allow_blank=True, help_text="未支付时为空。")
    finished_at = serializers.DateTimeField(allow_null=True)


class SpecFields(serializers.Serializer[Any]):
    """The machine as it was sold."""

    sku = serializers.CharField()
    gpu = serializers.CharField()
    gpu_count = serializers.IntegerField()
    gpu_memory_gb = serializers.IntegerField(help_text="总显存，GB。")
    vcpu = serializers.IntegerField(allow_null=True)
    ram_gb = serializers.CharField(allow_null=True)
    plan = serializers.ChoiceField(PlanKind.choices)
    hub = serializers.CharField()


class OrderLineFields(serializers.Serializer[OrderLine]):
    id = serializers.UUIDField(source="public_id")
    position = serializers.IntegerField()
    plan_id = serializers.UUIDField(source="plan.public_id")
    name = serializers.CharField()
    supplier = serializers.CharField(source="supplier.display_name")
    specs = SpecFields()
    hours = serializers.IntegerField()
    hourly = AmountField(source="hourly_minor")
    amount = MoneyField()
    state = serializers.ChoiceField(LineState.choices)
    failure = serializers.CharField(help_text="未能开通的原因；没有时为空。")


class OrderFields(OrderSummaryFields):
    terms_version = serializers.CharField()
    lines = OrderLineFields(many=True, source="lines.all")


class OrderQuery(PageQuery):
    state = serializers.ChoiceField(OrderState.choices, default="")


class CancelAsked(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=200, default="客户取消", allow_blank=True)


class PayAsked(serializers.Serializer[Any]):
    method = serializers.ChoiceField(PayBy.choices)


class PayFields(serializers.Serializer[Any]):
    order = OrderSummaryFields()
    payment = PaymentFields(allow_null=True, help_text="用余额支付时为 null。")


OrderPage = paged(OrderSummaryFields, "OrderPage")
PaymentPage = paged(PaymentFields, "PaymentPage")
