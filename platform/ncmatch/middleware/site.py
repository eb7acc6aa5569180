"""From the Host header to the site: which distributor's shop this is, or the exchange.

The host table is exact; a host that is not in it gets a plain 404 and no database session of
anybody's. Rows are kept for a few seconds in the process, so that a page costs no query for them.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.urls import set_urlconf
from django.utils.translation import gettext as _

from shared_apps.distributors import queries
from shared_apps.distributors.models import Distributor, State
from shared_apps.kernel import tenancy

_MOST_HOSTS = 5_000
_known: dict[str, tuple[float, Distributor | None]] = {}


def forget() -> None:
    """Drops what is remembered of hosts; for tests and after a change of branding in this process."""
    _known.clear()


def _distributor(host: str) -> Distributor | None:
    now = time.monotonic()
    kept = _known.get(host)
    if kept is not None and kept[0] > now:
        return kept[1]
    with tenancy.shared():
        found = queries.by_host(host)
    if len(_known) >= _MOST_HOSTS:
        _known.clear()
    _known[host] = (now + settings.SITE_CACHE_SECONDS, found)
    return found


class SiteMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        host = request.get_host().partition(":")[0].lower().rstrip(".")
        if host == settings.EXCHANGE_HOST:
            request.distributor = None  # type: ignore[attr-defined]
            request.urlconf = settings.EXCHANGE_URLCONF  # type: ignore[attr-defined]
            set_urlconf(settings.EXCHANGE_URLCONF)
            with tenancy.shared():
                return self.get_response(request)
        distributor = _distributor(host)
        if distributor is None or distributor.state == State.LEFT:
            return HttpResponseNotFound(
                _("这里没有店铺，请检查网址。"), content_type="text/plain; charset=utf-8"
            )
        if distributor.state == State.SUSPENDED:
            return HttpResponse(
                _("店铺暂停营业，已购资源不受影响。"),
                status=503,
                content_type="text/plain; charset=utf-8",
            )
        request.distributor = distributor  # type: ignore[attr-defined]
        with tenancy.enter(distributor.schema_name):
            return self.get_response(request)
