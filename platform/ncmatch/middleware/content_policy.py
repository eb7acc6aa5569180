"""The Content-Security-Policy header: the same text for every page, so it is put together once."""

from __future__ import annotations

from collections.abc import Callable

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest, HttpResponse


class ContentPolicyMiddleware:
    """Asks django-csp only where a page may differ: a nonce, a decorator's change, a debug page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self._django_csp = CSPMiddleware(get_response)
        self._policy = build_policy()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        self._django_csp.process_request(request)
        response = self.get_response(request)
        if (
            settings.DEBUG
            or hasattr(request, "_csp_nonce")
            or any("_csp_" in name for name in vars(response))
        ):
            self._django_csp.process_response(request, response)
        else:
            response.headers.setdefault(HEADER, self._policy)
        return response
