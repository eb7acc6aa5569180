from django.urls import path

from . import carts, views

urlpatterns = [
    path("quotes", views.QuotesView.as_view(), name="quotes"),
    path("cart", carts.CartView.as_view(), name="cart"),
    path("cart/items", carts.CartItemsView.as_view(), name="cart-items"),
    path("cart/items/<uuid:item_id>", carts.CartItemView.as_view(), name="cart-item"),
    path("orders", views.OrdersView.as_view(), name="orders"),
    path("orders/<uuid:order_id>", views.OrderView.as_view(), name="order"),
    path("orders/<uuid:order_id>/cancel", views.CancelView.as_view(), name="order-cancel"),
    path("orders/<uuid:order_id>/pay", views.PayView.as_view(), name="order-pay"),
    path(
        "orders/<uuid:order_id>/payments", views.OrderPaymentsView.as_view(), name="order-payments"
    ),
]
