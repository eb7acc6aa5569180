"""django-tenants' PostgreSQL backend, with the role switched along with the search path.

The switch is SET statements sent in one message with the first statement that wants to stand
elsewhere than the connection does (`cursor.py`). A SET is undone by a rollback to a point before
it, so every rollback, and every statement that fails along with its switch, forgets where the
connection stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.asyncio import async_unsafe
from django.utils.functional import cached_property
from django_tenants.postgresql_backend.base import DatabaseWrapper as TenantDatabaseWrapper
from psycopg import Cursor as PreparedCursor
from psycopg.pq import TransactionStatus

from shared_apps.kernel import tenancy

from .cursor import Cursor, Step


class DatabaseWrapper(TenantDatabaseWrapper):
    as_owner = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._standing: tenancy.Plane | None = None
        super().__init__(*args, **kwargs)

    @cached_property
    def pg_version(self) -> int:
        """The server's version, from the connection itself: no statement, so no tenant is needed."""
        self.ensure_connection()
        return int(self.connection.info.server_version)

    def get_connection_params(self) -> dict[str, Any]:
        params: dict[str, Any] = super().get_connection_params()
        if self.as_owner:
            params.update(self.settings_dict["OWNER"])
        params["cursor_factory"] = Cursor
        return params

    def set_tenant(self, tenant: Any, include_public: bool = True) -> None:
        """django-tenants' own switch: it serves the owner's migrations; requests go through tenancy."""
        self.tenant = tenant
        self.schema_name = tenant.schema_name
        self.include_public_schema = include_public
        self.set_settings_schema(self.schema_name)
        self.search_path_set_schemas = None

    def close(self) -> None:
        self._standing = None
        super().close()

    def _commit(self) -> None:
        """The COMMIT of a transaction in which a statement failed is a rollback, and raises nothing."""
        standing, self._standing = self._standing, None
        failed = self._status() == TransactionStatus.INERROR
        super()._commit()
        if not failed:
            self._standing = standing

    @async_unsafe
    def rollback(self) -> None:
        self._standing = None
        super().rollback()

    @async_unsafe
    def savepoint_rollback(self, sid: str) -> None:
        try:
            super().savepoint_rollback(sid)
        finally:
            self._standing = None

    def check_constraints(self, table_names: Any = None) -> None:
        """Judges what is deferred now, where the connection stands; needs nobody's tables by name."""
        if self.connection is not None:
            with self.wrap_database_errors, self.connection.cursor() as judging:
                judging.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")

    def create_cursor(self, name: str | None = None) -> Any:
        cursor = super().create_cursor(name)
        if name is None and not self.as_owner:
            cursor.door = self
        return cursor

    def prepared(self, text: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
        """The rows of a statement that the server parses once for each connection: for the few that
        are sent all the time. Where a step is to be taken first it goes the common way, along with it.
        """
        if self.connection is None or self.as_owner or self.queries_logged or self.step():
            with self.cursor() as cursor:
                cursor.execute(text, params)
                return list(cursor.fetchall())
        self.validate_no_broken_transaction()
        with self.wrap_database_errors:
            sent = PreparedCursor(self.connection).execute(text, params, prepare=True)
            return list(sent.fetchall())

    def step(self) -> Step | None:
        """The SET statements that the next statement needs before it, if any.

        Until `stand` says that they held, the connection stands nowhere that is known.
        """
        wanted = tenancy.plane()
        if wanted is None:
            raise tenancy.TenantNotSet(
                "No distributor and not the shared plane: nothing may be read or written."
            )
        if wanted == self._standing:
            return None
        status = self._status()
        if status == TransactionStatus.INERROR:  # only a rollback is possible now
            return None
        self._standing = None
        switch: tuple[str, ...] = (
            f'SET ROLE "{wanted.role}"',
            f'SET search_path TO "{wanted.schema}", public',
        )
        if status == TransactionStatus.INTRANS:
            # What was deferred belongs to the schema that we leave: it is judged there.
            switch = ("SET CONSTRAINTS ALL IMMEDIATE", *switch, "SET CONSTRAINTS ALL DEFERRED")
        return Step(wanted, switch)

    def stand(self, where: tenancy.Plane) -> None:
        self._standing = where

    def _handle_search_path(self, cursor: Any = None) -> None:
        """django-tenants calls this for every new cursor; ours step when they execute."""
        if self.as_owner:
            super()._handle_search_path(cursor)
        elif cursor is None:  # a server-side cursor, whose one statement is a DECLARE
            with self.wrap_database_errors, self.create_cursor() as stepping:
                stepping.step()

    def _status(self) -> TransactionStatus | None:
        return self.connection.pgconn.transaction_status if self.connection is not None else None
