"""API v1: what each app of the shop offers, its OpenAPI document, and the page that shows it."""

from django.urls import URLPattern, URLResolver, include, path, re_path

from ncmatch.api import document, nowhere

app_name = "api"

v1: list[URLPattern | URLResolver] = [
    path("", include("tenant_apps.shop.api.urls")),
    path("", include("tenant_apps.orders.api.urls")),
    path("", include("tenant_apps.fulfilment.api.urls")),
    path("", include("tenant_apps.customers.api.urls")),
    path("openapi.json", document.openapi, name="openapi"),
    re_path("", nowhere.NowhereView.as_view(), name="nowhere"),
]

urlpatterns = [
    path("api/v1/", include(v1)),
    path("api/docs/", document.docs, name="docs"),
]
