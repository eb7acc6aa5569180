from django.db import models
from django.utils.translation import gettext_lazy as _


class OrderState(models.TextChoices):
    AWAITING_PAYMENT = "AWAITING_PAYMENT", _("待支付")
    PAID = "PAID", _("开通中")
    COMPLETED = "COMPLETED", _("已完成")
    PARTLY_COMPLETED = "PARTLY_COMPLETED", _("部分完成")
    FAILED = "FAILED", _("开通失败")
    CANCELLED = "CANCELLED", _("已取消")


ORDER_TRANSITIONS = {
    OrderState.AWAITING_PAYMENT: {OrderState.PAID, OrderState.CANCELLED},
    OrderState.PAID: {OrderState.COMPLETED, OrderState.PARTLY_COMPLETED, OrderState.FAILED},
    OrderState.COMPLETED: set(),
    OrderState.PARTLY_COMPLETED: set(),
    OrderState.FAILED: set(),
    OrderState.CANCELLED: set(),
}


class LineState(models.TextChoices):
    WAITING = "WAITING", _("待支付")
    OPENING = "OPENING", _("开通中")
    OPEN = "OPEN", _("已开通")
    FAILED = "FAILED", _("开通失败")
    REFUNDED = "REFUNDED", _("已退款")
    CANCELLED = "CANCELLED", _("已取消")


LINE_TRANSITIONS = {
    LineState.WAITING: {LineState.OPENING, LineState.CANCELLED},
    LineState.OPENING: {LineState.OPEN, LineState.FAILED},
    LineState.OPEN: {LineState.REFUNDED},
    LineState.FAILED: set(),
    LineState.REFUNDED: set(),
    LineState.CANCELLED: set(),
}


class RefundState(models.TextChoices):
    ASKED = "ASKED", _("待审批")
    DONE = "DONE", _("已退款")
    REJECTED = "REJECTED", _("未通过")


REFUND_TRANSITIONS = {
    RefundState.ASKED: {RefundState.DONE, RefundState.REJECTED},
    RefundState.DONE: set(),
    RefundState.REJECTED: set(),
}


class RefundTo(models.TextChoices):
    SOURCE = "SOURCE", _("原支付方式")
    BALANCE = "BALANCE", _("余额")


class PayBy(models.TextChoices):
    BALANCE = "BALANCE", _("余额")
    ALIPAY_PAGE = "ALIPAY_PAGE", _("支付宝网页支付")
    ALIPAY_QR = "ALIPAY_QR", _("支付宝扫码支付")
    ALIPAY_WAP = "ALIPAY_WAP", _("支付宝手机网页支付")
    WECHAT_NATIVE = "WECHAT_NATIVE", _("微信扫码支付")
    WECHAT_H5 = "WECHAT_H5", _("微信手机网页支付")
    STRIPE_CHECKOUT = "STRIPE_CHECKOUT", _("Stripe 收银台")
