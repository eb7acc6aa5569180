from django.utils.translation import gettext_lazy as _

from shared_apps.kernel.errors import Conflict, NotFound


class NotForSale(Conflict):
    code = "settlement.not_for_sale"
    sentence = _("该产品目前无法下单：价格或供货协议尚未生效。请选择其他产品，或联系店铺客服。")


class NoTermsInForce(Conflict):
    code = "settlement.no_terms"
    sentence = _("店铺与上级之间目前没有生效的结算条款，暂时不能下单。请联系店铺客服。")


class ObligationNotFound(NotFound):
    code = "settlement.obligation_not_found"
    sentence = _("没有找到这笔往来。")


class RefundWindowOver(Conflict):
    code = "settlement.refund_window_over"
    sentence = _("超过 1 小时后只能退还未使用的整小时；要退已使用的部分，须由平台先同意。")
