from django.urls import path

from . import views
from .enums import Provider

app_name = "payments"
urlpatterns = [
    path("payments/alipay/notify/", views.alipay_notify, name="alipay_notify"),
    path(
        "payments/wechat/<str:app_id>/notify/",
        views.notify,
        {"provider": Provider.WECHAT},
        name="wechat_notify",
    ),
    path(
        "payments/stripe/<str:app_id>/notify/",
        views.notify,
        {"provider": Provider.STRIPE},
        name="stripe_notify",
    ),
]
