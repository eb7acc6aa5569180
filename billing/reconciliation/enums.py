from django.db import models
from django.utils.translation import gettext_lazy as _


class DayState(models.TextChoices):
    WAITING = "WAITING", _("等待账单")
    RUNNING = "RUNNING", _("对账中")
    OPEN = "OPEN", _("有差异")
    BALANCED = "BALANCED", _("已平")
    FAILED = "FAILED", _("未能取得账单")


class LineKind(models.TextChoices):
    PAYMENT = "PAYMENT", _("收款")
    REFUND = "REFUND", _("退款")
    FEE = "FEE", _("手续费")


class Result(models.TextChoices):
    MATCHED = "MATCHED", _("一致")
    MISSING_HERE = "MISSING_HERE", _("本店缺少")
    MISSING_THERE = "MISSING_THERE", _("渠道缺少")
    AMOUNT = "AMOUNT", _("金额不同")
    DAY = "DAY", _("日期不同")
    BOOKS = "BOOKS", _("账簿不符")
    FEE = "FEE", _("渠道手续费")


class Treatment(models.TextChoices):
    NONE = "NONE", _("无需处理")
    OPEN = "OPEN", _("待处理")
    ASKED = "ASKED", _("待审批")
    EXPLAINED = "EXPLAINED", _("已说明")
    ADJUSTED = "ADJUSTED", _("已调账")


TREATMENT_TRANSITIONS: dict[Treatment, set[Treatment]] = {
    Treatment.NONE: {Treatment.OPEN},
    Treatment.OPEN: {Treatment.NONE, Treatment.ASKED, Treatment.EXPLAINED},
    Treatment.ASKED: {Treatment.OPEN, Treatment.ADJUSTED},
    Treatment.EXPLAINED: set(),
    Treatment.ADJUSTED: set(),
}
