"""Who asks: what the access policy made sure of."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest

from shared_apps.identity.models import User


def staff(request: HttpRequest) -> User:
    return cast(User, request.user)
