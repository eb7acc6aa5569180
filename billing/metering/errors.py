from django.utils.translation import gettext_lazy as _

from shared_apps.kernel.errors import Conflict, Invalid, NotFound


class UsageConflict(Conflict):
    code = "metering.usage_conflict"
    sentence = _("同一编号的用量已按不同内容记录，新的内容没有采信。")


class CreditExhausted(Conflict):
    code = "metering.credit_exhausted"
    sentence = _("余额与信用额度不足，请先充值或结清账单。")


class LimitBelowUse(Invalid):
    code = "metering.limit_below_use"
    sentence = _("额度不能低于已使用的 %(used)s 元。")


class BillNotFound(NotFound):
    code = "metering.bill_not_found"
    sentence = _("没有找到这张账单。")


class NothingToPay(Conflict):
    code = "metering.nothing_to_pay"
    sentence = _("这张账单没有需要支付的金额。")
