"""Who is acting, from where: set by the middleware, by a task or by a command; read by the audit."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from contextvars import ContextVar, Token
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

# Or how to find out: most requests change nothing, so nobody ever asks.
_actor: ContextVar[Actor | Callable[[], Actor]] = ContextVar("actor", default=SYSTEM)


def actor() -> Actor:
    who = _actor.get()
    if not isinstance(who, Actor):
        who = who()
        _actor.set(who)
    return who


class acting(AbstractContextManager[None]):  # noqa: N801  reads as a statement: with acting(who)
    """`who` may be a function, called when first asked for; it must not need a database."""

    __slots__ = ("_token", "_who")
    _token: Token[Actor | Callable[[], Actor]]

    def __init__(self, who: Actor | Callable[[], Actor]) -> None:
        self._who = who

    def __enter__(self) -> None:
        self._token = _actor.set(self._who)

    def __exit__(self, *error: object) -> None:
        _actor.reset(self._token)


def become(who: Actor) -> None:
    """Names the acting person where only reading the request tells it; ends with the enclosing `acting`."""
    _actor.set(who)
