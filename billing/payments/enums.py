from django.db import models


class Provider(models.TextChoices):
    ALIPAY = "ALIPAY", "支付宝"


class Method(models.TextChoices):
    ALIPAY_PAGE = "ALIPAY_PAGE", "支付宝网页支付"
    ALIPAY_QR = "ALIPAY_QR", "支付宝扫码支付"


PROVIDER_OF = {Method.ALIPAY_PAGE: Provider.ALIPAY, Method.ALIPAY_QR: Provider.ALIPAY}


class IntentState(models.TextChoices):
    OPEN = "OPEN", "等待支付"
    SUCCEEDED = "SUCCEEDED", "已支付"
    CLOSED = "CLOSED", "已关闭"


# A closed intent can still succeed: the provider's word that money came is final.
INTENT_TRANSITIONS = {
    IntentState.OPEN: {IntentState.SUCCEEDED, IntentState.CLOSED},
    IntentState.CLOSED: {IntentState.SUCCEEDED},
    IntentState.SUCCEEDED: set(),
}


class EventState(models.TextChoices):
    ACCEPTED = "ACCEPTED", "已采信"
    REFUSED = "REFUSED", "已拒绝"
    IGNORED = "IGNORED", "无需处理"


class RefundState(models.TextChoices):
    REQUESTED = "REQUESTED", "退款中"
    SUCCEEDED = "SUCCEEDED", "已退回"
    FAILED = "FAILED", "退款失败"


class HoldState(models.TextChoices):
    HELD = "HELD", "已冻结"
    CAPTURED = "CAPTURED", "已扣款"
    RELEASED = "RELEASED", "已解冻"
