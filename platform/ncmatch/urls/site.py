"""A distributor's site: its shop, its back office and its API. The operator's console shows on its site only."""

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
