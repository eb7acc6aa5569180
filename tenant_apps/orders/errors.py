from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from shared_apps.kernel.errors import Conflict, Invalid, NotFound
from shared_apps.kernel.money import Money


class OrderNotFound(NotFound):
    code = "order.not_found"
    sentence = _("没有找到这笔订单。")


class CartItemNotFound(NotFound):
    code = "order.cart_item_not_found"
    sentence = _("购物车里没有这一项。")


class EmptyCart(Invalid):
    code = "order.empty"
    sentence = _("还没有选择产品。请先将产品加入购物车。")


class TooMany(Invalid):
    code = "order.too_many"
    sentence = _("单个产品最多 %(most)s 台，时长 1 小时至 %(hours)s 小时。")


class PaidAfterwards(Invalid):
    code = "order.paid_afterwards"
    sentence = _("按量后付费不需要预付时长，请在产品页面直接开通。")


class NotPaidAfterwards(Invalid):
    code = "order.not_paid_afterwards"
    sentence = _("这个方案不是按量后付费，请按时长下单。")


class NoRoom(Conflict):
    """What the customer can still use does not bear the hours that are asked for before opening."""

    code = "order.no_room"
    sentence = _(
        "开通按量后付费需要余额与可用信用额度合计不低于 %(needed)s 元，现有 %(room)s 元。"
        "请先充值，或联系店铺开通信用额度。"
    )


class WholeMonths(Invalid):
    code = "order.whole_months"
    sentence = _("包月产品按整月购买，时长须为 %(hours)s 小时的整数倍。")


class TooManyChoices(Invalid):
    code = "order.too_many_choices"
    sentence = _("一笔订单最多 %(most)s 种产品，请分开下单。")


class TooManyUnpaid(Conflict):
    code = "order.too_many_unpaid"
    sentence = _("您有 %(most)s 笔订单还没有付款，请先付款或取消后再下单。")


class NoLongerSold(Conflict):
    code = "order.no_longer_sold"
    sentence = _("%(name)s 已下架或暂停销售，请从购物车移除后再下单。")


class PriceChanged(Conflict):
    """The sum that was shown is no longer the sum; the customer decides, nothing was placed."""

    code = "order.price_changed"
    members = ("shown", "now")
    sentence = _("价格已变动：页面显示 %(shown)s 元，现为 %(now)s 元。请确认新的价格后再提交。")

    def __init__(self, *, shown: Money, now: Money, **attributes: Any) -> None:
        super().__init__(shown=shown, now=now, **attributes)
        self.shown = shown
        self.now = now


class NotAwaitingPayment(Conflict):
    code = "order.not_awaiting_payment"
    sentence = _("订单当前为“%(state)s”，不需要支付。")


class PaymentTimeOver(Conflict):
    code = "order.payment_time_over"
    sentence = _("付款时间已过，订单将自动取消，没有扣款。请重新下单。")


class NotRefundable(Conflict):
    code = "order.not_refundable"
    sentence = _("该项目当前为“%(state)s”，不能退款。")


class NothingToRefund(Conflict):
    code = "order.nothing_to_refund"
    sentence = _("该项目没有可退的整小时：已开始的小时按整小时计费，已退的部分不能再退。")


class RefundBeyond(Invalid):
    """More than may go back; `left` is what may."""

    code = "order.refund_beyond"
    sentence = _("最多可退 %(left)s，请修改后再提交。")


class TermsNotAccepted(Invalid):
    code = "order.terms_not_accepted"
    sentence = _("请先阅读并同意服务条款。")
