from django.db import models


class WorkKind(models.TextChoices):
    CREATE = "CREATE", "开通"
    TERMINATE = "TERMINATE", "释放"


class WorkState(models.TextChoices):
    QUEUED = "QUEUED", "待派单"
    PROVISIONING = "PROVISIONING", "开通中"
    BINDING = "BINDING", "获取访问方式"
    UNDOING = "UNDOING", "撤销中"
    DONE = "DONE", "已完成"
    FAILED = "FAILED", "失败"


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
    RUNNING = "RUNNING", "运行中"
    ENDING = "ENDING", "释放中"
    ENDED = "ENDED", "已结束"


RESOURCE_TRANSITIONS = {
    ResourceState.RUNNING: {ResourceState.ENDING},
    ResourceState.ENDING: {ResourceState.ENDED},
    ResourceState.ENDED: set(),
}
