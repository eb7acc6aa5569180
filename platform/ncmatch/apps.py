from django.apps import AppConfig


class PlatformConfig(AppConfig):
    name = "ncmatch"
    verbose_name = "平台"
