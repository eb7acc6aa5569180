"""So many requests a minute for each person, and for each address that nobody has logged in from.

A person's tokens count together: another token is not another allowance. Counted in the cache, whose
keys carry the shop, so that one shop's flood does not close another. Past it: 429 with Retry-After.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from ncmatch.middleware.guard import client_ip
from shared_apps.identity.models import User

if TYPE_CHECKING:
    from rest_framework.views import APIView  # which asks for this module while it is made


class _Throttle(SimpleRateThrottle):
    def named(self, who: object) -> str:
        return f"throttle:{self.scope}:{who}"


class PerPerson(_Throttle):
    scope = "person"

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        return self.named(request.user.pk) if isinstance(request.user, User) else None


class PerAddress(_Throttle):
    """The address is the one that the guard believes, so a header of the caller's own is no way around."""

    scope = "address"

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        known = isinstance(request.user, User)
        return None if known else self.named(client_ip(request._request) or "")
