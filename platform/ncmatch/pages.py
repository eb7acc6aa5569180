"""What every page gets, and how refusals look on a page."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from shared_apps.identity.enums import Kind
from shared_apps.identity.models import User
from shared_apps.kernel.errors import DomainError
from tenant_apps.orders.queries import cart_size


def site(request: HttpRequest) -> dict[str, Any]:
    return {
        "distributor": getattr(request, "distributor", None),
        "exchange_host": settings.EXCHANGE_HOST,
        "debug": settings.DEBUG,
        "cart_count": partial(_cart_count, request),
    }


def _cart_count(request: HttpRequest) -> int:
    """Asked only by a page that shows it, and of customers only."""
    user = getattr(request, "user", None)
    if not isinstance(user, User) or user.kind != Kind.CUSTOMER:
        return 0
    return cart_size(user) if getattr(request, "distributor", None) else 0


def way_back(request: HttpRequest) -> str:
    """Where to go after logging in: this page, or the page whose form was sent, as it stood."""
    if request.method in ("GET", "HEAD"):
        return request.get_full_path()
    came_from = urlsplit(request.headers.get("Referer", ""))
    if came_from.netloc != request.get_host():
        return "/"
    # Never "//elsewhere", which a browser takes for another host.
    path = f"/{came_from.path.lstrip('/')}"
    return f"{path}?{came_from.query}" if came_from.query else path


def refusal(request: HttpRequest, error: DomainError) -> HttpResponse:
    """A plain sentence in place of a stack trace; parts of a page get the sentence alone."""
    template = (
        "errors/partial.html"
        if request.headers.get("HX-Request")
        else f"errors/{_page(error)}.html"
    )
    told = {"error": error, "sentence": str(error), "back": _before(request)}
    return render(request, template, told, status=error.status)


def _before(request: HttpRequest) -> str:
    """The page whose form was sent; what was sent has an address that may not be opened."""
    return "" if request.method in ("GET", "HEAD") else way_back(request)


def _page(error: DomainError) -> str:
    return str(error.status) if error.status in (400, 403, 404, 409, 503) else "409"


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    told = {"reason": "csrf", "back": _before(request)}
    return render(request, "errors/403.html", told, status=403)


def too_many(request: HttpRequest) -> HttpResponse:
    response = render(request, "errors/429.html", status=429)
    response["Retry-After"] = "60"
    return response
