from django.apps import AppConfig


class PricingConfig(AppConfig):
    name = "billing.pricing"
    verbose_name = "定价"
