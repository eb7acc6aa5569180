from django.db import models
from django.utils.translation import gettext_lazy as _


class AccountKind(models.TextChoices):
    ASSET = "ASSET", _("资产")
    LIABILITY = "LIABILITY", _("负债")
    EQUITY = "EQUITY", _("所有者权益")
    INCOME = "INCOME", _("收入")
    EXPENSE = "EXPENSE", _("费用")


# The kinds whose balance grows by a debit; the others grow by a credit.
DEBIT_NORMAL = (AccountKind.ASSET, AccountKind.EXPENSE)


class Side(models.TextChoices):
    DEBIT = "DEBIT", _("借")
    CREDIT = "CREDIT", _("贷")

    @property
    def other(self) -> "Side":
        return Side.CREDIT if self is Side.DEBIT else Side.DEBIT


class PartyKind(models.TextChoices):
    CUSTOMER = "CUSTOMER", _("客户")
    DISTRIBUTOR = "DISTRIBUTOR", _("分销商")
    SUPPLIER = "SUPPLIER", _("供应商")
    CHANNEL = "CHANNEL", _("支付渠道")


class PeriodState(models.TextChoices):
    OPEN = "OPEN", _("未结账")
    CLOSED = "CLOSED", _("已结账")


PERIOD_TRANSITIONS = {
    PeriodState.OPEN: (PeriodState.CLOSED,),
    PeriodState.CLOSED: (PeriodState.OPEN,),
}


class RuleState(models.TextChoices):
    DRAFT = "DRAFT", _("草稿")
    ON = "ON", _("已启用")
    WITHDRAWN = "WITHDRAWN", _("已撤回")


RULE_TRANSITIONS = {
    RuleState.DRAFT: (RuleState.ON,),
    RuleState.ON: (RuleState.WITHDRAWN,),  # while it has not started
    RuleState.WITHDRAWN: (),
}


class VoucherState(models.TextChoices):
    DRAFT = "DRAFT", _("草稿")
    ASKED = "ASKED", _("待复核")
    POSTED = "POSTED", _("已入账")
    REJECTED = "REJECTED", _("未通过")


VOUCHER_TRANSITIONS = {
    VoucherState.DRAFT: (VoucherState.ASKED,),
    VoucherState.ASKED: (VoucherState.DRAFT, VoucherState.POSTED, VoucherState.REJECTED),
    VoucherState.POSTED: (),
    VoucherState.REJECTED: (),
}
