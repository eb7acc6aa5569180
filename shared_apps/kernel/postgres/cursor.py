"""A cursor that steps to where its statement is to stand, in the same message as the statement.

The server takes a message of several statements as one transaction (or as part of the open one),
and plans each after those before it have run. So the statement is planned under the new role and
path; and if it fails, the step is undone with it, and `door` has forgotten by then where it stood.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, Self

from django.db.backends.postgresql.base import (  # type: ignore[attr-defined]
    Cursor as DjangoCursor,
)

from shared_apps.kernel.tenancy import Plane


@dataclass(frozen=True, slots=True)
class Step:
    to: Plane
    statements: tuple[str, ...]


class Door(Protocol):
    def step(self) -> Step | None:
        """What must be said before the next statement; forgets where the connection stands."""

    def stand(self, where: Plane) -> None:
        """The step was taken, and held."""


class Cursor(DjangoCursor):
    """Every public method that sends a statement steps first; without a door it is Django's own."""

    door: Door | None = None

    def execute(self, query: Any, params: Any = None, **options: Any) -> Self:
        step = self.door.step() if self.door else None
        if self.door is None or step is None:
            super().execute(query, params, **options)
            return self
        if params is not None or not isinstance(query, str):
            query = self.mogrify(query, params)
        super().execute("; ".join((*step.statements, query)), **options)
        self.set_result(len(step.statements))
        self.door.stand(step.to)
        return self

    def executemany(self, *args: Any, **options: Any) -> None:
        self.step()
        super().executemany(*args, **options)

    @contextmanager
    def copy(self, *args: Any, **options: Any) -> Iterator[Any]:
        self.step()
        with super().copy(*args, **options) as copy:
            yield copy

    def stream(self, *args: Any, **options: Any) -> Iterator[Any]:
        self.step()
        yield from super().stream(*args, **options)

    def step(self) -> None:
        """By a message of its own, for statements that cannot share one."""
        step = self.door.step() if self.door else None
        if self.door is not None and step is not None:
            super().execute("; ".join(step.statements))
            self.door.stand(step.to)
