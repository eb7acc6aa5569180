from django.utils.translation import gettext_lazy as _

from shared_apps.kernel.errors import Conflict, Invalid, NotFound


class HoldNotActive(Conflict):
    code = "balances.hold_not_active"
    sentence = _("这笔冻结款已处理，不能重复处理。")


class ReturnTooLarge(Conflict):
    code = "balances.return_too_large"
    sentence = _("退回金额超过了已扣款中尚未退回的 %(left)s 元。")


class RequestNotFound(NotFound):
    code = "balances.request_not_found"
    sentence = _("没有找到这笔申请。")


class AlreadyDecided(Conflict):
    code = "balances.already_decided"
    sentence = _("这笔申请已处理：%(state)s。")


class TransferKnown(Conflict):
    """The bank's reference is on another slip that waits or was credited."""

    code = "balances.transfer_known"
    sentence = _("银行流水号 %(reference)s 已经提交过，同一笔转账只能入账一次。")


class AmountOutOfRange(Invalid):
    code = "balances.amount_out_of_range"
    sentence = _("金额须在 %(least)s 元至 %(most)s 元之间。")


class DayInFuture(Invalid):
    code = "balances.day_in_future"
    sentence = _("转账日期不能晚于今天。")


class ExpiryTooEarly(Invalid):
    code = "balances.expiry_too_early"
    sentence = _("到期日须晚于今天。")


class ExpiredBeforeApproval(Conflict):
    code = "balances.expired_before_approval"
    sentence = _("到期日已过，不能再入账，请驳回后重新提交。")


class BankAccountNeeded(Invalid):
    code = "balances.bank_account_needed"
    sentence = _("其中 %(amount)s 元不能原路退回，请填写收款的银行账户。")


class NotWithdrawable(Conflict):
    code = "balances.not_withdrawable"
    sentence = _("可提现余额为 %(paid)s 元；赠送和活动余额不能提现。")


class ReferenceTaken(Conflict):
    code = "balances.reference_taken"
    sentence = _("银行流水号 %(reference)s 已登记在另一笔转账上。")
