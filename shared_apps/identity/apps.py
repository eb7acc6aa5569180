from django.apps import AppConfig


class IdentityConfig(AppConfig):
    name = "shared_apps.identity"
    verbose_name = "用户"
