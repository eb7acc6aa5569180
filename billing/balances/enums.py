from django.db import models
from django.utils.translation import gettext_lazy as _


class HoldState(models.TextChoices):
    HELD = "HELD", _("已冻结")
    CAPTURED = "CAPTURED", _("已扣款")
    RELEASED = "RELEASED", _("已解冻")
