from django.apps import AppConfig


class KernelConfig(AppConfig):
    name = "shared_apps.kernel"
    verbose_name = "内核"

    def ready(self) -> None:
        from . import checks  # noqa: F401  registers the system checks
