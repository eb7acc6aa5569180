"""Holds an API view to the policy that it declares with `@access`, once it is known who asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import Http404
from rest_framework.exceptions import NotAuthenticated, PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from shared_apps.identity.access import Verdict, policy_of

if TYPE_CHECKING:  # it is this class that asks for its permissions while it is being made
    from rest_framework.views import APIView


class Declared(BasePermission):
    """401 for nobody, 404 for those who may not know of it, 403 for those without the role.

    A view that declares nothing is refused to everybody.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        asked: Any = request._request
        match = asked.resolver_match
        policy = (policy_of(match.func) if match else None) or policy_of(view)
        if policy is None:
            raise PermissionDenied
        verdict = policy.verdict(asked)
        if verdict is Verdict.LOG_IN:
            raise NotAuthenticated
        if verdict is Verdict.HIDE:
            raise Http404
        if verdict is Verdict.FORBID:
            raise PermissionDenied
        return True
