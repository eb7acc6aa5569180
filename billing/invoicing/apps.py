from django.apps import AppConfig


class InvoicingConfig(AppConfig):
    name = "billing.invoicing"
    verbose_name = "发票"
