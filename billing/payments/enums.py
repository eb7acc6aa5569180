from django.db import models
from django.utils.translation import gettext_lazy as _


class Provider(models.TextChoices):
    ALIPAY = "ALIPAY", _("支付宝")


class Method(models.TextChoices):
    ALIPAY_PAGE = "ALIPAY_PAGE", _("支付宝网页支付")
    ALIPAY_QR = "ALIPAY_QR", _("支付宝扫码支付")


PROVIDER_OF = {Method.ALIPAY_PAGE: Provider.ALIPAY, Method.ALIPAY_QR: Provider.ALIPAY}


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
