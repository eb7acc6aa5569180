"""What every site answers: health, language, and the style guide where it is wanted."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, path

from ncmatch import site_pages, styleguide

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", site_pages.healthz, name="healthz"),
    path("language/", site_pages.set_language, name="set_language"),
]
if settings.STYLE_GUIDE:
    urlpatterns += [
        path("styleguide/", styleguide.index, name="styleguide"),
        path("styleguide/<slug:layout>/", styleguide.index, name="styleguide_layout"),
    ]
