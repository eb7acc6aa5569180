from django.db import models


class OrderState(models.TextChoices):
    AWAITING_PAYMENT = "AWAITING_PAYMENT", "待支付"
    PAID = "PAID", "开通中"
    COMPLETED = "COMPLETED", "已完成"
    PARTLY_COMPLETED = "PARTLY_COMPLETED", "部分完成"
    FAILED = "FAILED", "开通失败"
    CANCELLED = "CANCELLED", "已取消"


ORDER_TRANSITIONS = {
    OrderState.AWAITING_PAYMENT: {OrderState.PAID, OrderState.CANCELLED},
    OrderState.PAID: {OrderState.COMPLETED, OrderState.PARTLY_COMPLETED, OrderState.FAILED},
    OrderState.COMPLETED: set(),
    OrderState.PARTLY_COMPLETED: set(),
    OrderState.FAILED: set(),
    OrderState.CANCELLED: set(),
}


class LineState(models.TextChoices):
    WAITING = "WAITING", "待支付"
    OPENING = "OPENING", "开通中"
    OPEN = "OPEN", "已开通"
    FAILED = "FAILED", "开通失败"
    REFUNDED = "REFUNDED", "已退款"
    CANCELLED = "CANCELLED", "已取消"


LINE_TRANSITIONS = {
    LineState.WAITING: {LineState.OPENING, LineState.CANCELLED},
    LineState.OPENING: {LineState.OPEN, LineState.FAILED},
    LineState.OPEN: {LineState.REFUNDED},
    LineState.FAILED: set(),
    LineState.REFUNDED: set(),
    LineState.CANCELLED: set(),
}


class PayBy(models.TextChoices):
    BALANCE = "BALANCE", "余额"
    ALIPAY_PAGE = "ALIPAY_PAGE", "支付宝网页支付"
    ALIPAY_QR = "ALIPAY_QR", "支付宝扫码支付"
