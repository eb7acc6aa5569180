from django.apps import AppConfig


class SettlementConfig(AppConfig):
    name = "billing.settlement"
    verbose_name = "结算"
