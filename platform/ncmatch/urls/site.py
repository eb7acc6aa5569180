"""A distributor's site: its shop, its back office and its API. The operator's console shows on its site only."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("accounts/", include("ncmatch.urls.accounts")),
]

handler429 = "ncmatch.pages.too_many"  # asked for by allauth, by this name
