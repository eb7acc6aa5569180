"""Who is acting, from where: set by the middleware, by a task or by a command; read by the audit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    kind: str  # CUSTOMER | STAFF | SYSTEM | PROVIDER | ANONYMOUS
    id: str = ""  # the user's public id, or the name of the task or command
    name: str = ""
    ip: str | None = None
    user_agent: str = ""
    request_id: str = ""


SYSTEM = Actor(kind="SYSTEM", id="system", name="系统")

_actor: ContextVar[Actor] = ContextVar("actor", default=SYSTEM)


def actor() -> Actor:
    return _actor.get()


@contextmanager
def acting(who: Actor) -> Iterator[None]:
    token = _actor.set(who)
    try:
        yield
    finally:
        _actor.reset(token)


def become(who: Actor) -> None:
    """Names the acting person where only reading the request tells it; ends with the enclosing `acting`."""
    _actor.set(who)
