"""Small answers of the platform itself: health, a shop's colours, the exchange's front page."""

from __future__ import annotations

from typing import cast

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import check_for_language
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_POST

from shared_apps.catalog import queries as catalog
from shared_apps.catalog.queries import Facets
from shared_apps.distributors import queries as distributors
from shared_apps.distributors.branding import stylesheet
from shared_apps.distributors.models import Distributor, State
from shared_apps.distributors.site import distributor_of
from shared_apps.identity.access import Anyone, access
from shared_apps.kernel import clock
from shared_apps.suppliers import queries as suppliers

from .pages import way_back

MOST_SHOPS = 60

Market = tuple[Facets, int, list[Distributor]]


@access(Anyone)
@require_GET
def healthz(request: HttpRequest) -> HttpResponse:
    """Says ok once the database answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok", content_type="text/plain")


@access(Anyone)
@require_GET
@cache_control(public=True, max_age=86400)
def brand(request: HttpRequest) -> HttpResponse:
    """The shop's colours as CSS variables; its address carries the colour, so it may be kept."""
    return HttpResponse(stylesheet(distributor_of(request).primary_color), content_type="text/css")


@access(Anyone)
@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Keeps the reader's language in a cookie of this host and goes back to the page."""
    response = HttpResponse(status=302, headers={"Location": way_back(request)})
    language = request.POST.get("language", "")
    if language and check_for_language(language):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            language,
            max_age=365 * 24 * 3600,
            samesite="Lax",
            httponly=True,
        )
    return response


def _market() -> Market:
    """What the exchange shows to anyone who asks: counted anew twice a minute at most."""
    found = catalog.find_offers(at=clock.now(), per_page=1)
    shops = [shop for shop in distributors.fleet() if shop.state == State.ACTIVE]
    return found.facets, found.total, shops[:MOST_SHOPS]


@access(Anyone)
@require_GET
def exchange(request: HttpRequest) -> HttpResponse:
    """The market as a whole: hubs with what stands there, and the shops where it is sold."""
    facets, total, shops = cast(Market, cache.get_or_set("exchange", _market, timeout=30))
    counts = {facet.value: facet.count for facet in facets.hubs}
    return render(
        request,
        "exchange/home.html",
        {
            "offer_count": total,
            "supplier_count": len(facets.suppliers),
            "models": facets.gpu_models[:12],
            "hubs": [
                {
                    "name": str(hub),
                    "lon": hub.longitude,
                    "lat": hub.latitude,
                    "count": counts.get(hub.code, 0),
                }
                for hub in suppliers.hubs()
            ],
            "shops": [
                {
                    "name": shop.name,
                    "tagline": shop.tagline,
                    "url": f"{request.scheme}://{shop.slug}.{request.get_host()}/",
                    "color": shop.primary_color,
                    "depth": shop.depth,
                }
                for shop in shops
            ],
        },
    )
