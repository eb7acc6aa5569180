from django.db import models
from django.utils.translation import gettext_lazy as _


class UsageState(models.TextChoices):
    ACCEPTED = "ACCEPTED", _("已采信")
    CONFLICT = "CONFLICT", _("内容冲突")


class UsageSource(models.TextChoices):
    PLATFORM = "PLATFORM", _("平台计时")
    SUPPLIER = "SUPPLIER", _("供应商用量")


class ChargeState(models.TextChoices):
    WAITING = "WAITING", _("待扣款")
    BOOKED = "BOOKED", _("已扣款")


class BillState(models.TextChoices):
    OPEN = "OPEN", _("出账中")
    DUE = "DUE", _("待还款")
    OVERDUE = "OVERDUE", _("已逾期")
    PAID = "PAID", _("已结清")


BILL_TRANSITIONS = {
    BillState.OPEN: {BillState.DUE, BillState.PAID},
    BillState.DUE: {BillState.OVERDUE, BillState.PAID},
    BillState.OVERDUE: {BillState.PAID},
    BillState.PAID: set(),
}
