"""django-tenants' PostgreSQL backend, with the role switched along with the search path.

The switch is one message of two SET statements (so both hold or neither does) and is sent only
when the connection does not stand where the statement wants to be. A SET is undone by a rollback
to a point before it, so every rollback forgets where the connection stands.
"""

from __future__ import annotations

from typing import Any

from django.utils.asyncio import async_unsafe
from django.utils.functional import cached_property
from django_tenants.postgresql_backend.base import DatabaseWrapper as TenantDatabaseWrapper

from shared_apps.kernel import tenancy


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

    def _handle_search_path(self, cursor: Any = None) -> None:
        if self.as_owner:
            super()._handle_search_path(cursor)
            return
        wanted = tenancy.plane()
        if wanted is None:
            raise tenancy.TenantNotSet(
                "No distributor and not the shared plane: nothing may be read or written."
            )
        if wanted == self._standing:
            return
        if self.connection.info.transaction_status == 3:  # INERROR: only a rollback is possible now
            return
        switch = f'SET ROLE "{wanted.role}"; SET search_path TO "{wanted.schema}", public'
        if self.in_atomic_block:
            # What was deferred belongs to the schema that we leave: it is judged there.
            switch = f"SET CONSTRAINTS ALL IMMEDIATE; {switch}; SET CONSTRAINTS ALL DEFERRED"
        with self.wrap_database_errors, self.connection.cursor() as switching:
            switching.execute(switch)
        self._standing = wanted
