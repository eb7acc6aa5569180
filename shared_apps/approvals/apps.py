from django.apps import AppConfig


class ApprovalsConfig(AppConfig):
    name = "shared_apps.approvals"
    verbose_name = "审批"
