from django.apps import AppConfig


class MeteringConfig(AppConfig):
    name = "billing.metering"
    verbose_name = "计量与后付费"
