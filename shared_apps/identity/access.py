"""Who may open a page or call an API route. Every view says it; the middleware holds it to its word.

    @access(Staff(Role.FINANCE))
    def journal(request): ...

A view that says nothing is refused, and the build fails (the access matrix test walks every route).
The order of answers: what one may not know of does not exist (404), then no right (403).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from .enums import Kind
from .models import User

View = TypeVar("View", bound=Callable[..., Any] | type)


class Verdict(Enum):
    ALLOW = "allow"
    LOG_IN = "log in"
    FORBID = "forbid"
    HIDE = "hide"


@dataclass(frozen=True, slots=True)
class Policy:
    """`kinds` None: anyone. `roles`: any one of them. `operator_only`: hidden on every other site."""

    kinds: frozenset[str] | None = None
    roles: tuple[str, ...] = ()
    operator_only: bool = False

    def verdict(self, request: HttpRequest) -> Verdict:
        site = getattr(request, "distributor", None)
        if self.operator_only and not getattr(site, "is_operator", False):
            return Verdict.HIDE
        if self.kinds is None:
            return Verdict.ALLOW
        user = request.user
        if not user.is_authenticated:
            return Verdict.LOG_IN
        if user.kind not in self.kinds:
            return Verdict.HIDE
        if self.roles and not user.has_role(*self.roles):
            return Verdict.FORBID
        return Verdict.ALLOW


Anyone = Policy()
SignedIn = Policy(kinds=frozenset(Kind.values))
Customer = Policy(kinds=frozenset({Kind.CUSTOMER}))


def Staff(*roles: str) -> Policy:  # noqa: N802  reads as a kind of policy
    return Policy(kinds=frozenset({Kind.STAFF}), roles=roles)


def Operator(*roles: str) -> Policy:  # noqa: N802
    return Policy(kinds=frozenset({Kind.STAFF}), roles=roles, operator_only=True)


def person(request: HttpRequest) -> User:
    """The person behind a request whose policy lets only people in."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def access(policy: Policy) -> Callable[[View], View]:
    def say(view: View) -> View:
        view.access = policy  # type: ignore[union-attr]
        return view

    return say


def policy_of(view: Any) -> Policy | None:
    """The policy of a resolved view: function, class-based view or DRF view."""
    for candidate in (view, getattr(view, "view_class", None), getattr(view, "cls", None)):
        found = getattr(candidate, "access", None)
        if isinstance(found, Policy):
            return found
    return None
