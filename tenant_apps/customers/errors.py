from django.utils.translation import gettext_lazy as _

from shared_apps.kernel.errors import Invalid, NotFound


class UnknownCustomer(NotFound):
    code = "customer.unknown"
    sentence = _("没有找到这位客户。")


class UnknownNotice(NotFound):
    code = "customer.unknown_notice"
    sentence = _("没有找到这条通知。")


class OwnerMustBeStaff(Invalid):
    code = "customer.owner_must_be_staff"
    sentence = _("负责人须是在职员工。")


class RechargeOutOfRange(Invalid):
    code = "customer.recharge_out_of_range"
    sentence = _("单次充值金额须在 %(least)s 元至 %(most)s 元之间。")


class StatementTooLong(Invalid):
    code = "customer.statement_too_long"
    sentence = _("共 %(count)s 行，一次最多导出 %(most)s 行。请先缩小时间范围。")
