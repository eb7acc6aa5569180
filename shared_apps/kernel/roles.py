"""The database's roles: one that logs in and may do nothing, and those that it may become.

`app` logs in and has no right of its own; it may become `shared` (the platform, shared plane only)
or any tenant's role. Tenants' roles are members of `tenant`, which holds their common rights on the
shared plane; the operator's is a member of `operator` too.
"""

from __future__ import annotations

from django.conf import settings
from django.db import connection
from psycopg import sql

from . import hardening
from .passwords import app_password
from .tenancy import role_name


def ensure() -> None:
    """Creates what is missing. Runs on the owner's connection; safe to repeat."""
    app = role_name("app")
    with connection.cursor() as cursor:
        for part in ("shared", "tenant", "operator"):
            _ensure_role(cursor, role_name(part), "NOLOGIN")
        _ensure_role(cursor, app, "LOGIN NOINHERIT")
        cursor.execute(
            sql.SQL("ALTER ROLE {} PASSWORD {}").format(
                sql.Identifier(app), sql.Literal(app_password(settings.SECRET_KEY))
            )
        )
        cursor.execute(f'GRANT "{role_name("shared")}" TO "{app}" WITH INHERIT FALSE, SET TRUE')
        cursor.execute(
            "SELECT current_database(), current_user, current_setting('is_superuser') = 'on'"
        )
        database, owner, superuser = cursor.fetchone()
        cursor.execute(f'REVOKE ALL ON DATABASE "{database}" FROM PUBLIC')
        cursor.execute(f'GRANT CONNECT ON DATABASE "{database}" TO "{app}"')
        cursor.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
        cursor.execute(
            f'GRANT USAGE ON SCHEMA public TO "{role_name("shared")}", "{role_name("tenant")}"'
        )
        if superuser:
            for statement in hardening.statements(owner):
                cursor.execute(statement)


def ensure_tenant(schema: str) -> None:
    """The role of one distributor: it has its schema's name and can only be become, not logged in."""
    with connection.cursor() as cursor:
        _ensure_role(cursor, schema, "NOLOGIN")
        cursor.execute(f'GRANT "{role_name("tenant")}" TO "{schema}"')
        cursor.execute(f'GRANT "{schema}" TO "{role_name("app")}" WITH INHERIT FALSE, SET TRUE')


def make_operator(schema: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f'GRANT "{role_name("operator")}" TO "{schema}"')


def _ensure_role(cursor: object, name: str, options: str) -> None:
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name])  # type: ignore[attr-defined]
    if cursor.fetchone() is None:  # type: ignore[attr-defined]
        cursor.execute(f'CREATE ROLE "{name}" {options}')  # type: ignore[attr-defined]
