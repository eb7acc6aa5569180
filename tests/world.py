"""The one cast of all tests: north and its child harbour always exist, pier is harbour's; rival sees nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from psycopg import sql

from shared_apps.distributors import services
from shared_apps.distributors.models import Distributor
from shared_apps.kernel import tenancy

FOUNDED_AT = datetime(2026, 1, 1, tzinfo=UTC)
TREE = (
    # slug, name, parent, wholesale percent
    ("op", "算力平台", None, None),
    ("north", "北方算力", "op", Decimal(80)),
    ("harbour", "海港算力", "north", Decimal(88)),
    ("pier", "码头算力", "harbour", Decimal(94)),
    ("rival", "对岸算力", "op", Decimal(82)),
)


@dataclass(frozen=True)
class Owner:
    """The owner's login: tests make and drop whole databases with it."""

    def connect(self, database: str) -> psycopg.Connection[Any]:
        where = settings.DATABASES["default"]
        return psycopg.connect(
            host=where["HOST"],
            port=where["PORT"],
            dbname=database,
            autocommit=True,
            **where["OWNER"],
        )

    def create(self, database: str, template: str = "template1") -> None:
        with self.connect("postgres") as link:
            link.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                    sql.Identifier(database), sql.Identifier(template)
                )
            )

    def drop(self, database: str) -> None:
        with self.connect("postgres") as link:
            link.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database))
            )

    def drop_roles(self, names: list[str]) -> None:
        with self.connect("postgres") as link:
            for name in names:
                link.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(name)))


def use_database(name: str) -> None:
    connection.close()
    settings.DATABASES["default"]["NAME"] = name
    connection.settings_dict["NAME"] = name


def build() -> dict[str, Distributor]:
    """Migrates an empty database and founds the cast in it."""
    call_command("migrate_fleet", quiet=True)
    cast: dict[str, Distributor] = {}
    with tenancy.owner():
        for slug, name, parent, percent in TREE:
            cast[slug] = services.found(
                slug=slug,
                name=name,
                parent=cast[parent] if parent else None,
                hosts=[f"{slug}.ncmatch.localhost"],
                wholesale_percent=percent,
                at=FOUNDED_AT,
            )
    return cast
