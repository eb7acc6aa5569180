"""The only door to the database: it says whose rows the next statement may see.

`enter(schema)` stands in one distributor's schema as that distributor's role; `shared()` stands in
the shared plane as the platform's own role; with neither, every statement raises `TenantNotSet`.
The switch itself is lazy: role and search_path are set together, in the same message as the first
statement that needs them (`postgres/base.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from django.conf import settings
from django.db import connections

if TYPE_CHECKING:
    from .postgres.base import DatabaseWrapper

SCHEMA = re.compile(r"t_[0-9a-z]{8}")
TEMPLATE = "t_template"
PUBLIC = "public"


class TenantNotSet(RuntimeError):
    """A statement was about to run without anybody saying on whose behalf."""


class SwitchInTransaction(RuntimeError):
    """A transaction belongs to one tenant from its first statement to its commit."""


@dataclass(frozen=True, slots=True)
class Plane:
    schema: str
    role: str


def role_name(part: str) -> str:
    """A platform role (`app`, `shared`, `tenant`, `operator`); a cluster may hold several platforms."""
    return f"{settings.DATABASE_ROLE_PREFIX}_{part}"


_plane: ContextVar[Plane | None] = ContextVar("plane", default=None)


def link() -> DatabaseWrapper:
    """This thread's connection, as the backend of ours that it is."""
    return cast("DatabaseWrapper", connections["default"])


def plane() -> Plane | None:
    return _plane.get()


def current() -> str | None:
    """The schema of the distributor that we stand in; None in the shared plane or outside."""
    here = _plane.get()
    return here.schema if here and here.schema != PUBLIC else None


def require() -> str:
    schema = current()
    if schema is None:
        raise TenantNotSet("This needs a distributor to stand in; none is set.")
    return schema


class _Standing(AbstractContextManager[None]):
    __slots__ = ("_there", "_token")
    _token: Token[Plane | None]

    def __init__(self, there: Plane) -> None:
        self._there = there

    def __enter__(self) -> None:
        here = _plane.get()
        if here != self._there and _in_transaction():
            raise SwitchInTransaction(f"{here} → {self._there}")
        self._token = _plane.set(self._there)

    def __exit__(self, *error: object) -> None:
        _plane.reset(self._token)


def _in_transaction() -> bool:
    """Whether a transaction of ours is open; the one a test case wraps around itself is not ours."""
    return any(not getattr(block, "_from_testcase", False) for block in link().atomic_blocks)


def enter(schema: str) -> AbstractContextManager[None]:
    """Stands in a distributor's schema, as its role, until the block ends. Costs no query by itself."""
    return _Standing(_plane_of(schema))


@lru_cache(maxsize=10_000)
def _plane_of(schema: str) -> Plane:
    if not SCHEMA.fullmatch(schema):
        raise ValueError(f"Not a tenant schema: {schema!r}")
    return Plane(schema, schema)


def shared() -> AbstractContextManager[None]:
    """Stands in the shared plane as the platform: no tenant's schema can be reached from here."""
    return _Standing(Plane(PUBLIC, role_name("shared")))


@contextmanager
def owner() -> Iterator[None]:
    """Stands as the owner of the database: for migrations, provisioning and proofs, never for requests.

    Opens a connection with the owner's login for this thread and closes it afterwards; refuses
    inside a transaction.
    """
    connection = link()
    if connection.in_atomic_block:
        raise SwitchInTransaction("The owner's connection is opened outside of any transaction.")
    token = _plane.set(None)
    connection.close()
    connection.as_owner = True
    connection.set_schema_to_public()
    try:
        yield
    finally:
        connection.close()
        connection.as_owner = False
        _plane.reset(token)
