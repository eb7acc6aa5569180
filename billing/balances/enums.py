from django.db import models
from django.utils.translation import gettext_lazy as _


class HoldState(models.TextChoices):
    HELD = "HELD", _("已冻结")
    CAPTURED = "CAPTURED", _("已扣款")
    RELEASED = "RELEASED", _("已解冻")


class LotKind(models.TextChoices):
    """Whose money a lot was: the customer paid it, or the shop gave it. Only what was paid can be withdrawn."""

    PAID = "PAID", _("充值")
    GIFTED = "GIFTED", _("赠送")
    PROMO = "PROMO", _("活动")


# What is spent first stands first.
ORDER_OF_USE = (LotKind.PROMO, LotKind.GIFTED, LotKind.PAID)

# What the posting rules call the money of each kind.
AMOUNT_OF = {LotKind.PAID: "amount", LotKind.GIFTED: "gifted", LotKind.PROMO: "promo"}


class UseWay(models.TextChoices):
    """What a use does to its lot, as (free, held)."""

    ENTER = "ENTER", _("存入")  # + 0
    HOLD = "HOLD", _("冻结")  # − +
    RELEASE = "RELEASE", _("解冻")  # + −
    CAPTURE = "CAPTURE", _("扣款")  # 0 −
    RETURN = "RETURN", _("退回")  # + 0
    EXPIRE = "EXPIRE", _("过期")  # − 0


class CreditState(models.TextChoices):
    """Of money that somebody says came in, or wants to give: a second person decides."""

    PENDING = "PENDING", _("待审核")
    APPROVED = "APPROVED", _("已入账")
    REJECTED = "REJECTED", _("未通过")
    WITHDRAWN = "WITHDRAWN", _("已撤回")


CREDIT_TRANSITIONS = {
    CreditState.PENDING: {CreditState.APPROVED, CreditState.REJECTED, CreditState.WITHDRAWN},
    CreditState.APPROVED: set(),
    CreditState.REJECTED: set(),
    CreditState.WITHDRAWN: set(),
}


class PayoutState(models.TextChoices):
    PENDING = "PENDING", _("待审核")
    APPROVED = "APPROVED", _("待转账")
    PAID = "PAID", _("已转账")
    REJECTED = "REJECTED", _("未通过")
    FAILED = "FAILED", _("转账失败")


PAYOUT_TRANSITIONS = {
    PayoutState.PENDING: {PayoutState.APPROVED, PayoutState.REJECTED},
    PayoutState.APPROVED: {PayoutState.PAID, PayoutState.FAILED},
    PayoutState.PAID: set(),
    PayoutState.REJECTED: set(),
    PayoutState.FAILED: set(),
}
