from django.apps import AppConfig


class SuppliersConfig(AppConfig):
    name = "shared_apps.suppliers"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "供应商"
