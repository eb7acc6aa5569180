"""A cursor that steps to where its statement is to stand, in the same message as the statement.

The server takes a message of several statements as one transaction (or as part of the open one),
and plans each after those before it have run. So the statement is planned under the new role and
path; and if it fails, the step is undone with it, and `door` has forgotten by then where it stood.

A text with a semicolon in it might be two statements, of which somebody injected the second, to
leave the door by it. Such a text goes out alone, by the extended protocol, in which the server
takes one statement only.
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
    _ours = False  # the text that is being sent was put together here, out of single statements

    def execute(self, query: Any, params: Any = None, **options: Any) -> Self:
        step = self.door.step() if self.door else None
        if self.door is None or step is None:
            super().execute(query, params, **options)
            return self
        if params is not None or not isinstance(query, str):
            query = self.mogrify(query, params)
        if ";" in query:
            self._take(step, self.door)
            super().execute(query, **options)
            return self
        self._send_ours((*step.statements, query), **options)
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
            self._take(step, self.door)

    def _take(self, step: Step, door: Door) -> None:
        self._send_ours(step.statements)
        door.stand(step.to)

    def _send_ours(self, statements: tuple[str, ...], **options: Any) -> None:
        self._ours = True
        try:
            super().execute("; ".join(statements), **options)
        finally:
            self._ours = False

    def _execute_send(
        self, query: Any, *, force_extended: bool = False, binary: bool | None = None
    ) -> None:
        alone = self.door is not None and not self._ours and b";" in query.query
        super()._execute_send(query, force_extended=force_extended or alone, binary=binary)
