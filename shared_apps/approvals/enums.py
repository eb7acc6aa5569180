from django.db import models
from django.utils.translation import gettext_lazy as _


class State(models.TextChoices):
    PENDING = "PENDING", _("待审批")
    APPROVED = "APPROVED", _("已同意")
    REJECTED = "REJECTED", _("已驳回")
    WITHDRAWN = "WITHDRAWN", _("已撤回")


TRANSITIONS: dict[State, set[State]] = {
    State.PENDING: {State.APPROVED, State.REJECTED, State.WITHDRAWN},
    State.APPROVED: set(),
    State.REJECTED: set(),
    State.WITHDRAWN: set(),
}
