from __future__ import annotations

from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request

from shared_apps.identity.models import User


def person(request: Request) -> User:
    """Who asks, in a view whose policy lets nobody else in."""
    if not isinstance(request.user, User):
        raise NotAuthenticated
    return request.user
