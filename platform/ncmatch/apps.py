from django.apps import AppConfig


class PlatformConfig(AppConfig):
    name = "ncmatch"
    verbose_name = "平台"

    def ready(self) -> None:
        from .api import description  # noqa: F401  the OpenAPI generator finds it once it is loaded
