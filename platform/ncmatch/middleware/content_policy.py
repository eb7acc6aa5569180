"""The Content-Security-Policy header: the same text for every page, so it is put together once."""

from __future__ import annotations

from collections.abc import Callable

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest, HttpResponse


class ContentPolicyMiddleware(CSPMiddleware):
    """django-csp's, which is asked only for what differs from page to page.

    That is a nonce, a decorator's change of the policy, and Django's debug pages.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        super().__init__(get_response)
        self._policy = build_policy()

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if (
            settings.DEBUG
            or hasattr(request, "_csp_nonce")
            or any("_csp_" in name for name in vars(response))
        ):
            return super().process_response(request, response)  # type: ignore[no-any-return]
        response.headers.setdefault(HEADER, self._policy)
        return response
