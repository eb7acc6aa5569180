"""Every route of a urlconf, with the policy that its view declares."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern

from ncmatch.policies import THIRD_PARTY
from shared_apps.identity.access import Policy, policy_of

_PARAMETER = re.compile(r"<(?:[^:<>]+:)?(?P<name>[^<>]+)>")


@dataclass(frozen=True)
class Route:
    name: str
    path: str  # with its parameters, as it is written
    view: Any
    policy: Policy | None

    @property
    def parameters(self) -> set[str]:
        return set(_PARAMETER.findall(self.path))

    @property
    def is_api(self) -> bool:
        return hasattr(self.view, "cls") or self.path.startswith("api/v1/")

    @property
    def methods(self) -> list[str]:
        """Those that an API view has; a page is asked by GET and by POST, whichever it knows."""
        cls = getattr(self.view, "cls", None)
        if cls is None:
            return ["get", "post"]
        known = ("get", "post", "put", "patch", "delete")
        return [method for method in known if hasattr(cls, method)]

    def fill(self, values: Mapping[str, str]) -> str:
        return "/" + _PARAMETER.sub(lambda found: values[found["name"]], self.path)


def routes(urlconf: str) -> list[Route]:
    return list(_walk(get_resolver(urlconf), "", ""))


def _walk(resolver: URLResolver, path: str, names: str) -> Iterator[Route]:
    for pattern in resolver.url_patterns:
        here = path + _written(pattern)
        if isinstance(pattern, URLResolver):
            inner = f"{names}{pattern.namespace}:" if pattern.namespace else names
            yield from _walk(pattern, here, inner)
        else:
            policy = policy_of(pattern.callback) or THIRD_PARTY.get(pattern.name or "")
            yield Route(f"{names}{pattern.name or ''}", here, pattern.callback, policy)


def _written(pattern: URLPattern | URLResolver) -> str:
    if isinstance(pattern.pattern, RoutePattern):
        return str(pattern.pattern)
    # A regular expression that takes whatever is left: something that no other route is.
    return "no-such-thing"
