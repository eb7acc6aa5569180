from django.utils.translation import gettext_lazy as _

from shared_apps.kernel.errors import Conflict


class HoldNotActive(Conflict):
    code = "balances.hold_not_active"
    sentence = _("这笔冻结款已处理，不能重复处理。")


class ReturnTooLarge(Conflict):
    code = "balances.return_too_large"
    sentence = _("退回金额超过了已扣款中尚未退回的 %(left)s 元。")
