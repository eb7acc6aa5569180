"""Holds every view to the policy that it declares, and says who is acting.

The API's views are held to theirs by `ncmatch.api.permissions`, after the token is read.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from ncmatch.pages import refusal, way_back
from ncmatch.policies import third_party
from shared_apps.identity.access import Verdict, policy_of
from shared_apps.kernel import ids
from shared_apps.kernel.context import Actor, acting
from shared_apps.kernel.errors import DomainError


def actor_of(request: HttpRequest, user: Any = None) -> Actor:
    """Who asks; anonymous without a user."""
    known = user is not None and user.is_authenticated
    return Actor(
        kind=user.kind if known else "ANONYMOUS",
        id=str(user.public_id) if known else "",
        name=str(user) if known else "",
        ip=client_ip(request),
        user_agent=request.META.get("HTTP_USER_AGENT", ""),
        request_id=request.META.get("HTTP_X_REQUEST_ID", "")[:64] or str(ids.new_id()),
    )


def client_ip(request: HttpRequest) -> str | None:
    """The peer's address; the forwarded one only where a proxy of ours is said to stand in front."""
    if settings.TRUSTED_PROXY:
        forwarded = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        if forwarded:
            return forwarded
    return request.META.get("REMOTE_ADDR") or None


def is_personal(request: HttpRequest) -> bool:
    """Whether an answer may be meant for one person: they brought credentials, or just got some."""
    return (
        settings.SESSION_COOKIE_NAME in request.COOKIES
        or "HTTP_AUTHORIZATION" in request.META
        or (request.session.accessed and request.user.is_authenticated)
    )


class GuardMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Without its cookie there is no session, so nothing is asked of it or of its user. With it,
        # the user is read here and now: later we may stand in another plane, or in a transaction.
        known = settings.SESSION_COOKIE_NAME in request.COOKIES
        who = actor_of(request, request.user) if known else partial(actor_of, request)
        with acting(who):
            response = self.get_response(request)
        if is_personal(request):
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    def process_view(
        self, request: HttpRequest, view: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        policy = policy_of(view) or third_party(request)
        if policy is None:
            raise PermissionDenied(f"{request.path} declares no access policy.")
        if hasattr(view, "cls"):
            return None  # an API view: its token is read later
        verdict = policy.verdict(request)
        if verdict is Verdict.LOG_IN:
            if request.headers.get("HX-Request"):
                response = HttpResponse(status=204)
                response["HX-Redirect"] = reverse(settings.LOGIN_URL)
                return response
            return redirect_to_login(way_back(request))
        if verdict is Verdict.HIDE:
            raise Http404
        if verdict is Verdict.FORBID:
            raise PermissionDenied
        return None

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, DomainError):
            return refusal(request, error)
        return None
