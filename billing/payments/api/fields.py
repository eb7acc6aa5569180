from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from billing.payments.enums import IntentState, Method
from billing.payments.models import Payment, PaymentIntent
from shared_apps.kernel.api.fields import AmountField


def _payment(intent: PaymentIntent) -> Payment | None:
    return getattr(intent, "payment", None)


class PaymentFields(serializers.Serializer[PaymentIntent]):
    """One try to be paid at a provider. Where to pay is told only while it is open."""

    id = serializers.UUIDField(source="public_id")
    number = serializers.CharField(help_text="支付单号，即支付机构的商户订单号。")
    method = serializers.ChoiceField(Method.choices)
    state = serializers.ChoiceField(IntentState.choices)
    amount = AmountField()
    currency = serializers.CharField()
    redirect_url = serializers.SerializerMethodField(
        help_text="用浏览器打开以支付（ALIPAY_PAGE、ALIPAY_WAP、WECHAT_H5、STRIPE_CHECKOUT）。"
    )
    qr_content = serializers.SerializerMethodField(
        help_text="二维码的内容（ALIPAY_QR、WECHAT_NATIVE）。"
    )
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    paid_at = serializers.SerializerMethodField()
    refunded = serializers.SerializerMethodField(help_text="已退或正在退的金额，元。")

    def _told(self, intent: PaymentIntent, text: str) -> str | None:
        return text if text and intent.state == IntentState.OPEN else None

    def get_redirect_url(self, intent: PaymentIntent) -> str | None:
        return self._told(intent, intent.redirect_url)

    def get_qr_content(self, intent: PaymentIntent) -> str | None:
        return self._told(intent, intent.qr_content)

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_paid_at(self, intent: PaymentIntent) -> Any:
        payment = _payment(intent)
        return serializers.DateTimeField().to_representation(payment.paid_at) if payment else None

    @extend_schema_field(AmountField())
    def get_refunded(self, intent: PaymentIntent) -> str:
        payment = _payment(intent)
        return AmountField().to_representation(payment.refunded_minor if payment else 0)
