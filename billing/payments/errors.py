from django.utils.translation import gettext_lazy as _

from shared_apps.kernel.errors import Conflict, NotFound


class NoMerchantAccount(Conflict):
    code = "payments.no_merchant_account"
    sentence = _("店铺还没有开通这种收款方式，请换一种付款方式，或联系店铺客服。")


class MethodNotOffered(Conflict):
    code = "payments.method_not_offered"
    sentence = _("暂不支持这种付款方式，请换一种。")


class IntentNotFound(NotFound):
    code = "payments.intent_not_found"
    sentence = _("没有找到支付单 %(number)s。")


class NoticeNotFound(NotFound):
    code = "payments.notice_not_found"
    sentence = _("没有找到这条支付通知。")


class RefundTooLarge(Conflict):
    code = "payments.refund_too_large"
    sentence = _("退款金额超过了可退余额 %(left)s 元。")
