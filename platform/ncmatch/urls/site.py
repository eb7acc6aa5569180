"""A distributor's site: its shop, its back office and its API. The operator's console shows on its site only."""

from django.urls import URLPattern, URLResolver, include, path

from ncmatch import site_pages

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("tenant_apps.shop.urls")),
    path("", include("billing.payments.urls")),
    path("", include("ncmatch.urls.every_site")),
    path("brand.css", site_pages.brand, name="brand"),
    path("office/", include("tenant_apps.backoffice.urls")),
    path("console/", include("ncmatch.console.urls")),
    path("accounts/", include("ncmatch.urls.accounts")),
    path("", include("ncmatch.urls.api")),
]

handler429 = "ncmatch.pages.too_many"  # asked for by allauth, by this name
