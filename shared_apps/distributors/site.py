"""Whose site a request came to."""

from __future__ import annotations

from django.http import Http404, HttpRequest

from .models import Distributor


def distributor_of(request: HttpRequest) -> Distributor:
    """The distributor whose site this is; the exchange is nobody's, and has no such page."""
    found = getattr(request, "distributor", None)
    if not isinstance(found, Distributor):
        raise Http404
    return found
