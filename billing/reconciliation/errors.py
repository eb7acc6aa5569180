from django.utils.translation import gettext_lazy as _

from shared_apps.kernel.errors import Conflict, Invalid, NotFound


class DayNotFound(NotFound):
    code = "reconciliation.day_not_found"
    sentence = _("没有找到这一天的对账。")


class LineNotFound(NotFound):
    code = "reconciliation.line_not_found"
    sentence = _("没有找到这条对账记录。")


class AccountNotFound(NotFound):
    code = "reconciliation.account_not_found"
    sentence = _("没有找到这个收款账户。")


class AlreadyRunning(Conflict):
    code = "reconciliation.already_running"
    sentence = _("这一天正在对账，请稍候查看结果。")


class Superseded(Conflict):
    """Another run has taken over: this one stops."""

    code = "reconciliation.superseded"
    sentence = _("这次对账已被新的一次取代。")


class DayNotOver(Invalid):
    code = "reconciliation.day_not_over"
    sentence = _("只能核对已经结束的日期。")


class NotOpen(Conflict):
    code = "reconciliation.not_open"
    sentence = _("这条差异当前为“%(state)s”，不能这样处理。")


class NothingToMove(Invalid):
    code = "reconciliation.nothing_to_move"
    sentence = _("这条差异不涉及款项，请说明原因即可。")


class BooksFirst(Conflict):
    code = "reconciliation.books_first"
    sentence = _("收退款记录与账簿不符，请先由财务核对凭证；对账时不能自动调账。")


class ReasonNeeded(Invalid):
    code = "reconciliation.reason_needed"
    sentence = _("请写明处理原因。")


class BillUnreadable(Invalid):
    code = "reconciliation.bill_unreadable"
    sentence = _("账单第 %(row)s 行无法读取：%(why)s")


class BillTooLarge(Invalid):
    code = "reconciliation.bill_too_large"
    sentence = _("账单文件不能超过 %(most)s MB。")
