from django.utils.translation import gettext_lazy as _

from shared_apps.kernel.errors import Conflict, Forbidden, Invalid, NotFound


class RequestNotFound(NotFound):
    code = "approvals.not_found"
    sentence = _("没有这条审批。")


class OwnRequest(Forbidden):
    code = "approvals.own_request"
    sentence = _("自己提交的，或受益人是自己的，要由另一位同事审批。")


class NotYours(Forbidden):
    code = "approvals.not_yours"
    sentence = _("这一类事项由其他岗位审批。")


class AlreadyDecided(Conflict):
    code = "approvals.already_decided"
    sentence = _("这条审批已处理：%(state)s。")


class Changed(Conflict):
    code = "approvals.changed"
    sentence = _("内容在您打开之后有变化，请重新核对后再处理。")


class AlreadyAsked(Conflict):
    code = "approvals.already_asked"
    sentence = _("这件事已在等待审批。")


class ReasonNeeded(Invalid):
    code = "approvals.reason_needed"
    sentence = _("驳回时请写明原因，提交人会看到。")
