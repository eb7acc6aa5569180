from django.urls import path

from .views import account, balance, browsing, buying, invoices, orders, paying, resources, texts

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
    path("orders/", orders.order_list, name="orders"),
    path("orders/<uuid:public_id>/", orders.order, name="order"),
    path("orders/<uuid:public_id>/state/", orders.order_state, name="order_state"),
    path("orders/<uuid:public_id>/cancel/", paying.order_cancel, name="order_cancel"),
    path("orders/<uuid:public_id>/pay/", paying.pay, name="pay"),
    path("orders/<uuid:public_id>/pay/state/", paying.pay_state, name="pay_state"),
    path("orders/<uuid:public_id>/pay/<str:pay_by>/", paying.pay_with, name="pay_with"),
    path("resources/", resources.resource_list, name="resources"),
    path("resources/<uuid:public_id>/", resources.resource, name="resource"),
    path("resources/<uuid:public_id>/access/", resources.resource_access, name="resource_access"),
    path(
        "resources/<uuid:public_id>/give-back/",
        resources.resource_give_back,
        name="resource_give_back",
    ),
    path("resources/<uuid:public_id>/renew/", resources.resource_renew, name="resource_renew"),
    path(
        "resources/<uuid:public_id>/auto-renew/",
        resources.resource_auto_renew,
        name="resource_auto_renew",
    ),
    path("balance/", balance.balance, name="balance"),
    path("balance/export/", balance.balance_export, name="balance_export"),
    path("balance/recharges/<uuid:public_id>/", balance.recharge, name="recharge"),
    path(
        "balance/recharges/<uuid:public_id>/state/", balance.recharge_state, name="recharge_state"
    ),
    path("invoices/", invoices.invoice_list, name="invoices"),
    path("invoices/new/", invoices.invoice_new, name="invoice_new"),
    path("invoices/titles/", invoices.titles, name="invoice_titles"),
    path("invoices/titles/<uuid:public_id>/", invoices.title, name="invoice_title"),
    path(
        "invoices/titles/<uuid:public_id>/remove/",
        invoices.title_remove,
        name="invoice_title_remove",
    ),
    path("invoices/<uuid:public_id>/", invoices.invoice, name="invoice"),
    path("invoices/<uuid:public_id>/withdraw/", invoices.invoice_withdraw, name="invoice_withdraw"),
    path("invoices/<uuid:public_id>/file/", invoices.invoice_file, name="invoice_file"),
    path("notices/", account.notices, name="notices"),
    path("notices/read/", account.notices_read, name="notices_read"),
    path("account/", account.account, name="account"),
    path("account/tokens/", account.tokens, name="tokens"),
    path("account/tokens/<uuid:public_id>/revoke/", account.token_revoke, name="token_revoke"),
    path("terms/", texts.terms, name="terms"),
    path("help/", texts.help_page, name="help"),
    path("about/", texts.about, name="about"),
]
