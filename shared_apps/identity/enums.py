from django.db import models
from django.utils.translation import gettext_lazy as _


class Kind(models.TextChoices):
    CUSTOMER = "CUSTOMER", _("客户")
    STAFF = "STAFF", _("员工")


class Role(models.TextChoices):
    ADMIN = "ADMIN", _("管理员")
    MANAGER = "MANAGER", _("主管")
    SALES = "SALES", _("销售")
    FINANCE = "FINANCE", _("财务")
    SUPPORT = "SUPPORT", _("客服")
