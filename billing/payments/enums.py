from django.db import models
from django.utils.translation import gettext_lazy as _


class Provider(models.TextChoices):
    ALIPAY = "ALIPAY", _("支付宝")
    WECHAT = "WECHAT", _("微信支付")
    STRIPE = "STRIPE", _("Stripe")


class Method(models.TextChoices):
    ALIPAY_PAGE = "ALIPAY_PAGE", _("支付宝网页支付")
    ALIPAY_QR = "ALIPAY_QR", _("支付宝扫码支付")
    ALIPAY_WAP = "ALIPAY_WAP", _("支付宝手机网页支付")
    WECHAT_NATIVE = "WECHAT_NATIVE", _("微信扫码支付")
    WECHAT_H5 = "WECHAT_H5", _("微信手机网页支付")
    WECHAT_JSAPI = "WECHAT_JSAPI", _("微信内支付")
    STRIPE_CHECKOUT = "STRIPE_CHECKOUT", _("Stripe 收银台")


PROVIDER_OF = {
    Method.ALIPAY_PAGE: Provider.ALIPAY,
    Method.ALIPAY_QR: Provider.ALIPAY,
    Method.ALIPAY_WAP: Provider.ALIPAY,
    Method.WECHAT_NATIVE: Provider.WECHAT,
    Method.WECHAT_H5: Provider.WECHAT,
    Method.WECHAT_JSAPI: Provider.WECHAT,
    Method.STRIPE_CHECKOUT: Provider.STRIPE,
}


# Shown as a code on this page, and scanned by a phone; every other one leads to the provider's own.
QR_METHODS = frozenset({Method.ALIPAY_QR, Method.WECHAT_NATIVE})


class IntentState(models.TextChoices):
    OPEN = "OPEN", _("等待支付")
    SUCCEEDED = "SUCCEEDED", _("已支付")
    CLOSED = "CLOSED", _("已关闭")


# A closed intent can still succeed: the provider's word that money came is final.
INTENT_TRANSITIONS = {
    IntentState.OPEN: {IntentState.SUCCEEDED, IntentState.CLOSED},
    IntentState.CLOSED: {IntentState.SUCCEEDED},
    IntentState.SUCCEEDED: set(),
}


class EventState(models.TextChoices):
    ACCEPTED = "ACCEPTED", _("已采信")
    REFUSED = "REFUSED", _("已拒绝")
    IGNORED = "IGNORED", _("无需处理")


class RefundState(models.TextChoices):
    REQUESTED = "REQUESTED", _("退款中")
    SUCCEEDED = "SUCCEEDED", _("已退回")
    FAILED = "FAILED", _("退款失败")
