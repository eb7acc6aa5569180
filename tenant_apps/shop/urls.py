from django.urls import path

from .views import browsing, buying, mine, texts

app_name = "shop"
urlpatterns = [
    path("", browsing.home, name="home"),
    path("offers/", browsing.catalogue, name="catalogue"),
    path("offers/compare/", browsing.compare, name="compare"),
    path("offers/<uuid:public_id>/", browsing.offer, name="offer"),
    path("cart/", buying.cart, name="cart"),
    path("cart/add/", buying.cart_add, name="cart_add"),
    path("cart/<uuid:public_id>/", buying.cart_update, name="cart_update"),
    path("cart/<uuid:public_id>/remove/", buying.cart_remove, name="cart_remove"),
    path("checkout/", buying.checkout, name="checkout"),
    path("orders/", mine.order_list, name="orders"),
    path("orders/<uuid:public_id>/", mine.order, name="order"),
    path("orders/<uuid:public_id>/state/", mine.order_state, name="order_state"),
    path("orders/<uuid:public_id>/cancel/", buying.order_cancel, name="order_cancel"),
    path("orders/<uuid:public_id>/pay/", buying.pay, name="pay"),
    path("orders/<uuid:public_id>/pay/state/", buying.pay_state, name="pay_state"),
    path("orders/<uuid:public_id>/pay/<str:pay_by>/", buying.pay_with, name="pay_with"),
    path("resources/", mine.resource_list, name="resources"),
    path("resources/<uuid:public_id>/", mine.resource, name="resource"),
    path("resources/<uuid:public_id>/access/", mine.resource_access, name="resource_access"),
    path("balance/", mine.balance, name="balance"),
    path("balance/export/", mine.balance_export, name="balance_export"),
    path("balance/recharges/<uuid:public_id>/", mine.recharge, name="recharge"),
    path("balance/recharges/<uuid:public_id>/state/", mine.recharge_state, name="recharge_state"),
    path("notices/", mine.notices, name="notices"),
    path("notices/read/", mine.notices_read, name="notices_read"),
    path("account/", mine.account, name="account"),
    path("account/tokens/", mine.tokens, name="tokens"),
    path("account/tokens/<uuid:public_id>/revoke/", mine.token_revoke, name="token_revoke"),
    path("terms/", texts.terms, name="terms"),
    path("help/", texts.help_page, name="help"),
    path("about/", texts.about, name="about"),
]
