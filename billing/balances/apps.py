from django.apps import AppConfig


class BalancesConfig(AppConfig):
    name = "billing.balances"
    verbose_name = "客户余额"
