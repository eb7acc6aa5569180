"""Who sees which rows, said beside the model and enforced by PostgreSQL.

A model of the shared plane carries `rows = SharedRows(...)`; `apply()` turns it into grants and
row policies after every migration. A predicate speaks SQL about one row, and names the asking
distributor by `ME`. A model without a word fails the system check.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import models

from .tenancy import role_name

# A subquery, so that PostgreSQL asks once a statement and not once a row.
ME = "(SELECT public.current_distributor_id())"


@dataclass(frozen=True, slots=True)
class SharedRows:
    """Rights of a distributor's role on a shared table; None or "false" means no right.

    `update_columns` bounds an `update` to some columns; without a word it is all of them.
    `append_only` withholds UPDATE and DELETE from everyone but the owner, the platform included.
    """

    read: str = "false"
    insert: str | None = None
    update: str | None = None
    update_columns: tuple[str, ...] = ()
    delete: str | None = None
    operator_read: str | None = None
    operator_write: bool = False
    append_only: bool = False


@dataclass(frozen=True, slots=True)
class TenantRows:
    """A tenant's role has every right on its own tables, less UPDATE and DELETE where append-only."""

    append_only: bool = False


def _app_in(model: type[models.Model], names: list[str]) -> bool:
    config = model._meta.app_config
    return config is not None and config.name in names


def concrete_models() -> list[type[models.Model]]:
    return [
        m
        for m in apps.get_models(include_auto_created=True)
        if m._meta.managed and not m._meta.proxy
    ]


def shared_models() -> dict[str, SharedRows | None]:
    """Table → declaration, for every table that stands in the public schema."""
    found: dict[str, SharedRows | None] = {}
    for model in concrete_models():
        if not _app_in(model, settings.SHARED_APPS):
            continue
        table = model._meta.db_table
        declared: Any = settings.THIRD_PARTY_ROWS.get(table) or getattr(model, "rows", None)
        if not isinstance(declared, SharedRows):
            # Tables that stand in both planes: the public copy is the platform's own.
            once = getattr(declared, "append_only", False)
            both = _app_in(model, settings.TENANT_APPS)
            declared = SharedRows(append_only=once) if both else None
        found[table] = declared
    found["django_migrations"] = SharedRows(read="true")
    return found


def append_only_tables() -> list[str]:
    """Tables of a tenant's schema whose rows are written once."""
    return [
        m._meta.db_table
        for m in concrete_models()
        if _app_in(m, settings.TENANT_APPS)
        and getattr(getattr(m, "rows", None), "append_only", False)
    ]


def tenant_grants(schema: str) -> list[str]:
    """The rights of a tenant's role on its own schema, as statements."""
    statements = [
        f'REVOKE ALL ON ALL TABLES IN SCHEMA "{schema}" FROM "{schema}"',
        f'GRANT USAGE ON SCHEMA "{schema}" TO "{schema}"',
        f'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "{schema}" TO "{schema}"',
        f'GRANT USAGE ON ALL SEQUENCES IN SCHEMA "{schema}" TO "{schema}"',
        f'REVOKE INSERT, UPDATE, DELETE ON "{schema}".django_migrations FROM "{schema}"',
    ]
    statements += [
        f'REVOKE UPDATE, DELETE ON "{schema}"."{table}" FROM "{schema}"'
        for table in append_only_tables()
    ]
    return statements


def shared_policies() -> list[str]:
    """Row policies and grants of the shared plane, as statements; safe to repeat."""
    shared, tenant, operator = role_name("shared"), role_name("tenant"), role_name("operator")
    statements: list[str] = []
    for table, declared in sorted(shared_models().items()):
        if declared is None:
            raise LookupError(
                f"{table} stands in the shared plane and does not say who sees its rows."
            )
        statements.append(f'ALTER TABLE public."{table}" ENABLE ROW LEVEL SECURITY')
        statements.append(
            f'REVOKE ALL ON public."{table}" FROM "{shared}", "{tenant}", "{operator}"'
        )
        statements += _policy(table, "platform", "ALL", shared, "true", "true")
        platform = "SELECT, INSERT" if declared.append_only else "SELECT, INSERT, UPDATE, DELETE"
        statements.append(f'GRANT {platform} ON public."{table}" TO "{shared}"')
        for verb, using, check in (
            ("SELECT", declared.read, None),
            ("INSERT", None, declared.insert),
            ("UPDATE", declared.update, declared.update),
            ("DELETE", declared.delete, None),
        ):
            predicate = using or check
            if predicate and predicate != "false":
                statements += _policy(table, verb.lower(), verb, tenant, using, check)
                columns = f" ({', '.join(declared.update_columns)})" if verb == "UPDATE" else ""
                right = verb + (columns if declared.update_columns else "")
                statements.append(f'GRANT {right} ON public."{table}" TO "{tenant}"')
            else:
                statements.append(f'DROP POLICY IF EXISTS nc_{verb.lower()} ON public."{table}"')
        statements += _operator_policies(table, declared, operator)
    return statements


def _operator_policies(table: str, declared: SharedRows, operator: str) -> list[str]:
    statements = [
        f'DROP POLICY IF EXISTS nc_operator_{kind} ON public."{table}"'
        for kind in ("read", "write")
    ]
    if declared.operator_read:
        statements += _policy(
            table, "operator_read", "SELECT", operator, declared.operator_read, None
        )
        statements.append(f'GRANT SELECT ON public."{table}" TO "{operator}"')
    if declared.operator_write:
        verbs = "SELECT, INSERT" if declared.append_only else "SELECT, INSERT, UPDATE, DELETE"
        statements += _policy(table, "operator_write", "ALL", operator, "true", "true")
        statements.append(f'GRANT {verbs} ON public."{table}" TO "{operator}"')
    return statements


def _policy(
    table: str, name: str, verb: str, role: str, using: str | None, check: str | None
) -> list[str]:
    clauses = (f" USING ({using})" if using else "") + (f" WITH CHECK ({check})" if check else "")
    return [
        f'DROP POLICY IF EXISTS nc_{name} ON public."{table}"',
        f'CREATE POLICY nc_{name} ON public."{table}" FOR {verb} TO "{role}"{clauses}',
    ]
