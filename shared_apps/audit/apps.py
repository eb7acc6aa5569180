from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "shared_apps.audit"
    verbose_name = "审计"
