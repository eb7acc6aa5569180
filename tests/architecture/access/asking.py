"""Asks a route as everybody, and holds the answers against its row of the matrix."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import connection, transaction
from django.http import HttpResponse, SimpleCookie
from django.test import Client
from django.urls import reverse

from shared_apps.distributors.models import Distributor
from shared_apps.identity.enums import Role
from shared_apps.kernel import tenancy

from .matrix import NOT_BY_PROGRAMS, Row
from .objects import ONE_CUSTOMERS, Things
from .people import Person
from .routes import Route

# What an answer says, as far as access goes.
OPEN, LOG_IN, HIDDEN, FORBIDDEN, UNKNOWN_METHOD = "open", "log in", "404", "403", "405"


def unfit(found: list[Route], table: Mapping[str, Row], kinds: set[str]) -> list[str]:
    """What must be said before anything can be asked: rows, policies and objects that are missing."""
    wrong = []
    for route in found:
        row = table.get(route.name)
        if row is None:
            wrong.append(
                f"{route.name} ({route.path}) has no row: say in access/matrix.py who may open it"
            )
            continue
        if route.policy is None:
            wrong.append(
                f"{route.name} declares no policy: put @access(...) on its view, or name it in "
                "ncmatch.policies.THIRD_PARTY if the view is a library's"
            )
        elif route.policy != row.policy:
            wrong.append(
                f"{route.name} declares {route.policy}, and its row says {row.policy}: "
                "change both, or neither"
            )
        if route.parameters != set(row.about):
            wrong.append(
                f"{route.name} takes {sorted(route.parameters)}, and its row fills "
                f"{sorted(row.about)}: say of each which kind of object it names"
            )
        wrong += [
            f"{route.name} is about a {kind!r}: make one in access/objects.py"
            for kind in row.about.values()
            if kind not in kinds
        ]
    names = {route.name for route in found}
    return wrong + [
        f"{name} has a row and is no route any more" for name in table if name not in names
    ]


@dataclass
class Asking:
    """One site, its people and things; `wrong` collects what was answered otherwise than expected."""

    site: Distributor | None
    people: list[Person]
    things: Things
    asks_twice: frozenset[str] = frozenset()  # who is turned away by every method, by name
    browser: Client = field(default_factory=Client)  # one, whose cookies change hands
    wrong: list[str] = field(default_factory=list)
    asked: int = 0

    @property
    def host(self) -> str:
        return f"{self.site.slug}.ncmatch.localhost" if self.site else settings.EXCHANGE_HOST

    def ask(self, route: Route, row: Row) -> None:
        """Everybody, by every method, for the site's own things and for those of others."""
        own = {parameter: self.things.own[kind] for parameter, kind in row.about.items()}
        for person in self.people:
            expected = self._expected(route, row, person)
            heard = set()
            for method in self._methods(route, person, expected):
                wanted = expected
                if person.headers and expected == OPEN and (route.name, method) in NOT_BY_PROGRAMS:
                    wanted = FORBIDDEN
                answer, changed = self._send(route, route.fill(own), person, method)
                heard.add(answer)
                # That it is not asked so says nothing of what a page is about.
                if answer != wanted and not (
                    answer == UNKNOWN_METHOD and row.exists and wanted in (OPEN, HIDDEN)
                ):
                    self._note(route, person, method, "its own", answer, wanted)
                if changed and wanted != OPEN:
                    self.wrong.append(f"{route.name}: {method} by {person.name} changed something")
            if heard == {UNKNOWN_METHOD} and expected == OPEN:
                self.wrong.append(f"{route.name} knows none of {route.methods}: ask it otherwise")
            if row.about and expected == OPEN:
                self._ask_for_others(route, row, person, own)

    def _methods(self, route: Route, person: Person, expected: str) -> list[str]:
        """All of them; where the guard turns people away before it looks at the method, one for most."""
        if route.is_api or expected == OPEN or person.name in self.asks_twice:
            return route.methods
        return route.methods[:1]

    def _ask_for_others(
        self, route: Route, row: Row, person: Person, own: Mapping[str, str]
    ) -> None:
        """Whoever may open the page, may not for what is not the site's."""
        for parameter, kind in row.about.items():
            if not (name := self.things.foreign[kind]):
                continue
            path = route.fill({**own, parameter: name})
            for method in route.methods:
                answer, changed = self._send(route, path, person, method)
                if answer not in (HIDDEN, UNKNOWN_METHOD):
                    self._note(route, person, method, "another's", answer, HIDDEN)
                if changed:
                    self.wrong.append(
                        f"{route.name}: {method} by {person.name} changed another's {kind}"
                    )

    def _send(self, route: Route, path: str, person: Person, method: str) -> tuple[str, bool]:
        """What the answer says, and whether anything was changed; all of it is undone again."""
        self.asked += 1
        if route.name.startswith("account_"):
            cache.clear()  # what counts requests; sessions stay in the database
        self.browser.cookies = SimpleCookie(person.cookies)
        send = getattr(self.browser, method)
        options: dict[str, Any] = {"headers": {"host": self.host, **person.headers}}
        if route.is_api and method != "get":
            options["content_type"] = "application/json"
        with self._standing():
            before = _changes()
            point = transaction.savepoint()
        response: HttpResponse = send(path, **options)
        with self._standing():
            changed = _changes() != before
            transaction.savepoint_rollback(point)
        if response.status_code == 429:
            raise AssertionError(f"{route.name}: too many requests, so nothing was shown")
        return _said(response), changed

    def _standing(self) -> AbstractContextManager[None]:
        """Where the request stands as well, so that it costs no more switching."""
        return tenancy.enter(self.site.schema_name) if self.site else tenancy.shared()

    def _expected(self, route: Route, row: Row, person: Person) -> str:
        if not row.exists:
            return HIDDEN
        if row.operator_only and not (self.site and self.site.is_operator):
            return HIDDEN
        token = bool(person.headers)
        known = person.kind if route.is_api or not token else None
        if token and known is None and hasattr(route.view, "cls"):
            return LOG_IN  # a wrong token is refused even where anybody may come in
        if row.kind is None:
            return OPEN
        if known is None:
            return LOG_IN
        if known != row.kind:
            return HIDDEN
        if row.roles and person.role not in (*row.roles, Role.ADMIN):
            return FORBIDDEN
        private = ONE_CUSTOMERS & set(row.about.values())
        limited = person.role in ("", Role.SALES)  # customers, and those who see their own only
        return HIDDEN if private and limited and not person.is_owner else OPEN

    def _note(
        self, route: Route, person: Person, method: str, whose: str, answer: str, expected: str
    ) -> None:
        self.wrong.append(
            f"{route.name}: {method} {whose} by {person.name} was answered {answer}, not {expected}"
        )


def _changes() -> tuple[int, ...]:
    """Whatever a use case changes, it audits; and it may tell others."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM audit_record), "
            "(SELECT coalesce(max(id), 0) FROM public.outbox_delivery)"
        )
        return tuple(cursor.fetchone())


def _said(response: HttpResponse) -> str:
    status = response.status_code
    login = f"{reverse(settings.LOGIN_URL)}?next="
    if status == 401 or (status == 302 and response.headers["Location"].startswith(login)):
        return LOG_IN
    return {403: FORBIDDEN, 404: HIDDEN, 405: UNKNOWN_METHOD}.get(
        status, OPEN if status < 500 else f"an error ({status})"
    )
