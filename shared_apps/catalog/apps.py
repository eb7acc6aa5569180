from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "shared_apps.catalog"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "目录"
