from django.apps import AppConfig


class FulfilmentConfig(AppConfig):
    name = "tenant_apps.fulfilment"
    verbose_name = "开通"
