from django.db import models


class Kind(models.TextChoices):
    CUSTOMER = "CUSTOMER", "客户"
    STAFF = "STAFF", "员工"


class Role(models.TextChoices):
    ADMIN = "ADMIN", "管理员"
    MANAGER = "MANAGER", "主管"
    SALES = "SALES", "销售"
    FINANCE = "FINANCE", "财务"
    SUPPORT = "SUPPORT", "客服"
