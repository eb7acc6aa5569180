"""`Authorization: Bearer ncm_…`: whoever holds a token acts as the person who made it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from ncmatch.middleware.guard import actor_of
from shared_apps.identity import queries, services
from shared_apps.identity.models import ApiToken, User
from shared_apps.kernel import clock
from shared_apps.kernel.context import become

SCHEME = "bearer"


class TokenAuthentication(BaseAuthentication):
    """The token's person becomes the acting one, for the audit too.

    A header of another scheme is left to others; a wrong token is refused even where anybody may
    come in, so that nobody mistakes an expired token for a missing right.
    """

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        scheme, _space, text = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != SCHEME:
            return None
        at = clock.now()
        token = queries.token_by_text(text.strip(), at=at) if text.isascii() else None
        if token is None:
            raise AuthenticationFailed(_("访问令牌无效或已过期。"), code="token")
        services.note_token_use(token=token, at=at)
        request._request.user = token.user
        become(actor_of(request._request, token.user))
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'
