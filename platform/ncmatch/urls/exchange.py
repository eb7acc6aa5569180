"""The exchange: the public site of the whole market."""

from django.urls import URLPattern, URLResolver, include, path

from ncmatch import site_pages

urlpatterns: list[URLPattern | URLResolver] = [
    path("", site_pages.exchange, name="exchange"),
    path("", include("ncmatch.urls.every_site")),
]
