from django.apps import AppConfig


class DistributorsConfig(AppConfig):
    name = "shared_apps.distributors"
    verbose_name = "分销商"
