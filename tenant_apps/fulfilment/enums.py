from django.db import models
from django.utils.translation import gettext_lazy as _


class WorkKind(models.TextChoices):
    CREATE = "CREATE", _("开通")
    TERMINATE = "TERMINATE", _("释放")
    SWITCH = "SWITCH", _("暂停或恢复")


class WorkState(models.TextChoices):
    QUEUED = "QUEUED", _("待派单")
    PROVISIONING = "PROVISIONING", _("开通中")
    BINDING = "BINDING", _("获取访问方式")
    UNDOING = "UNDOING", _("撤销中")
    DONE = "DONE", _("已完成")
    FAILED = "FAILED", _("失败")


WORK_TRANSITIONS = {
    WorkState.QUEUED: {
        WorkState.PROVISIONING,
        WorkState.BINDING,
        WorkState.UNDOING,
        WorkState.DONE,
    },
    WorkState.PROVISIONING: {WorkState.BINDING, WorkState.UNDOING, WorkState.DONE},
    WorkState.BINDING: {WorkState.DONE, WorkState.UNDOING},
    WorkState.UNDOING: {WorkState.FAILED},
    WorkState.DONE: set(),
    WorkState.FAILED: set(),
}


class ResourceState(models.TextChoices):
    RUNNING = "RUNNING", _("运行中")
    SUSPENDED = "SUSPENDED", _("已暂停")
    ENDING = "ENDING", _("释放中")
    ENDED = "ENDED", _("已结束")


RESOURCE_TRANSITIONS = {
    ResourceState.RUNNING: {ResourceState.SUSPENDED, ResourceState.ENDING},
    ResourceState.SUSPENDED: {ResourceState.RUNNING, ResourceState.ENDING},
    ResourceState.ENDING: {ResourceState.ENDED},
    ResourceState.ENDED: set(),
}
