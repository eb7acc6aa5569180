"""Where a provider sends its word and the buyer's browser: always this site, whose host is in the table."""

from __future__ import annotations

from django.http import HttpRequest
from rest_framework.request import Request

from .services.intents import Return


def back_to(request: HttpRequest | Request, path: str) -> Return:
    """`path` is the page on this site that the buyer comes back to."""
    return Return(
        site=request.build_absolute_uri("/").removesuffix("/"),
        return_url=request.build_absolute_uri(path),
    )
