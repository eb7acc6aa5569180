from __future__ import annotations

from typing import Any

from rest_framework import serializers

from billing.balances.enums import LotKind
from billing.payments.enums import Method
from shared_apps.identity.models import ApiToken
from shared_apps.kernel.api.fields import MoneyField
from shared_apps.kernel.api.pages import PageQuery, paged
from tenant_apps.customers.models import Customer


class MeFields(serializers.Serializer[Customer]):
    id = serializers.UUIDField(source="public_id", help_text="客户编号（系统）。")
    number = serializers.CharField(help_text="客户编号。")
    name = serializers.CharField(source="user.name")
    company = serializers.CharField()
    phone = serializers.CharField(source="user.masked_phone", help_text="只显示部分号码。")
    email = serializers.EmailField(source="user.email", allow_null=True)
    created_at = serializers.DateTimeField()


class TokenFields(serializers.Serializer[ApiToken]):
    id = serializers.UUIDField(source="public_id")
    name = serializers.CharField(help_text="用途。")
    prefix = serializers.CharField(help_text="令牌开头的几个字符，用来辨认。")
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True, help_text="null 为不过期。")
    last_used_at = serializers.DateTimeField(allow_null=True)
    revoked_at = serializers.DateTimeField(allow_null=True)


class NewTokenFields(TokenFields):
    token = serializers.CharField(help_text="令牌全文，只在此处显示一次。")


class TokenAsked(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=60)
    expires_at = serializers.DateTimeField(default=None, help_text="不填为不过期；须晚于现在。")


class BalanceFields(serializers.Serializer[Any]):
    available = MoneyField(help_text="可用余额，元；为以下三项之和。")
    paid = MoneyField(help_text="其中充值余额，可以提现。")
    gifted = MoneyField(help_text="其中赠送余额，有到期日，不能提现。")
    promo = MoneyField(help_text="其中活动余额，有到期日，不能提现；下单时最先使用。")
    held = MoneyField(help_text="冻结中，元：正在开通的订单和正在退回的款项。")
    currency = serializers.CharField(source="available.currency")


class StatementLineFields(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="entry_id")
    kind = serializers.CharField(
        help_text="recharge 充值，offline_recharge 线下充值，gift 赠送，hold 冻结，release 解冻，"
        "consumption 消费，consumption_refund 消费退款，payout 原路退款，bank_payout 银行退款，"
        "lot_expiry 余额过期。"
    )
    memo = serializers.CharField()
    at = serializers.DateTimeField(source="effective_at")
    available_change = MoneyField(source="changes.available")
    paid_change = MoneyField(source="changes.paid")
    gifted_change = MoneyField(source="changes.gifted")
    promo_change = MoneyField(source="changes.promo")
    held_change = MoneyField(source="changes.held")
    available_after = MoneyField(source="after.available")
    held_after = MoneyField(source="after.held")


class StatementQuery(PageQuery):
    since = serializers.DateTimeField(default=None, help_text="起始时间，含。")
    until = serializers.DateTimeField(default=None, help_text="截止时间，不含。")
    kind = serializers.CharField(default="", max_length=40, help_text="只看这一类，如 recharge。")
    lot = serializers.ChoiceField(
        LotKind.choices, default="", help_text="只看动用了这一类余额的记录。"
    )


class RechargeAsked(serializers.Serializer[Any]):
    amount = MoneyField(help_text="1.00 至 1000000.00 元。")
    method = serializers.ChoiceField(
        Method.choices, help_text="WECHAT_JSAPI 返回 409 payments.method_not_offered。"
    )


TokenPage = paged(TokenFields, "TokenPage")
StatementPage = paged(StatementLineFields, "StatementPage")
