from django.utils.translation import gettext_lazy as _

from shared_apps.kernel.errors import Conflict, Invalid, NotFound


class NoMerchantAccount(Conflict):
    code = "payments.no_merchant_account"
    sentence = _("店铺还没有开通这种收款方式，请换一种付款方式，或联系店铺客服。")


class MethodNotOffered(Conflict):
    code = "payments.method_not_offered"
    sentence = _("暂不支持这种付款方式，请换一种。")


class AccountNotFound(NotFound):
    code = "payments.account_not_found"
    sentence = _("没有找到这个收款账户。")


class AccountNotProved(Invalid):
    """The provider did not know what was typed; `detail` is its word, with every secret cut out of it."""

    code = "payments.account_not_proved"
    sentence = _("支付机构没有认可这些参数，收款账户没有变动。%(detail)s")


class IntentNotFound(NotFound):
    code = "payments.intent_not_found"
    sentence = _("没有找到支付单 %(number)s。")


class NoticeNotFound(NotFound):
    code = "payments.notice_not_found"
    sentence = _("没有找到这条支付通知。")


class RefundNotFound(NotFound):
    code = "payments.refund_not_found"
    sentence = _("没有找到退款单 %(number)s。")


class RefundNotRepeatable(Conflict):
    code = "payments.refund_not_repeatable"
    sentence = _("这笔退款没有失败，或者已经重新发起过。")


class RefundTooLarge(Conflict):
    code = "payments.refund_too_large"
    sentence = _("退款金额超过了可退余额 %(left)s 元。")
