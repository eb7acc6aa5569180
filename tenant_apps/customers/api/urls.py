from django.urls import path

from . import views

urlpatterns = [
    path("me", views.MeView.as_view(), name="me"),
    path("tokens", views.TokensView.as_view(), name="tokens"),
    path("tokens/<uuid:token_id>", views.TokenView.as_view(), name="token"),
    path("balance", views.BalanceView.as_view(), name="balance"),
    path("balance/entries", views.StatementView.as_view(), name="balance-entries"),
    path("recharges", views.RechargesView.as_view(), name="recharges"),
    path("recharges/<uuid:payment_id>", views.RechargeView.as_view(), name="recharge"),
]
