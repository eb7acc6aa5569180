"""Databases of the benchmark's own, beside the real one on the same server; gone when it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.conf import settings
from psycopg import sql

from ncmatch import services
from ncmatch.services.errors import ServiceError
from ncmatch.services.folders import ROOT

ROWS = 100
PLATFORM_ROLES = ("app", "shared", "tenant", "operator")


@dataclass(frozen=True)
class Server:
    """The PostgreSQL that the services run, reached as the owner."""

    url: str
    prefix: str  # of everything that is made on it

    @classmethod
    def running(cls) -> Server:
        url, _ = services.addresses()
        if url is None:
            raise ServiceError("No database is known. Start it: manage.py services up")
        return cls(url, f"{settings.DATABASE_ROLE_PREFIX}_bench")

    def address(self, database: str) -> str:
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{database}"))

    def connect(self, database: str) -> psycopg.Connection[Any]:
        return psycopg.connect(self.address(database), autocommit=True)

    @contextmanager
    def database(self, part: str) -> Iterator[str]:
        """An empty database; yields its name."""
        name = f"{self.prefix}_{part}"
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        with self.connect("postgres") as link:
            link.execute(drop)
            link.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield name
        finally:
            with self.connect("postgres") as link:
                link.execute(drop)

    def drop_roles(self, names: Sequence[str]) -> None:
        with self.connect("postgres") as link:
            for name in names:
                link.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(name)))


def text_of(host: str, pk: int) -> str:
    return f"{host}: note {pk}"


def _notes(link: psycopg.Connection[Any], schema: str, host: str) -> None:
    table = sql.Identifier(schema, "bench_note")
    link.execute(
        sql.SQL("CREATE TABLE {} (id bigint PRIMARY KEY, text varchar(100) NOT NULL)").format(table)
    )
    with link.cursor() as cursor:
        cursor.executemany(
            sql.SQL("INSERT INTO {} (id, text) VALUES (%s, %s)").format(table),
            [(pk, text_of(host, pk)) for pk in range(1, ROWS + 1)],
        )
    link.execute(sql.SQL("ANALYZE {}").format(table))


@contextmanager
def plain(server: Server, *, host: str) -> Iterator[dict[str, str]]:
    """One table for everybody. Yields what the served process is to find in its environment."""
    with server.database("plain") as name:
        with server.connect(name) as link:
            _notes(link, "public", host)
        yield {"BENCH_DATABASE_URL": server.address(name)}


@contextmanager
def tenants(server: Server, *, hosts: Sequence[str]) -> Iterator[dict[str, str]]:
    """django-tenants: its two tables, and a schema for each host."""
    with server.database("tenants") as name:
        with server.connect(name) as link:
            link.execute(
                "CREATE TABLE bench_client ("
                "id bigserial PRIMARY KEY, schema_name varchar(63) NOT NULL UNIQUE)"
            )
            link.execute(
                "CREATE TABLE bench_domain (id bigserial PRIMARY KEY, domain varchar(253) NOT NULL UNIQUE, "
                "is_primary boolean NOT NULL DEFAULT true, tenant_id bigint NOT NULL REFERENCES bench_client)"
            )
            for number, host in enumerate(hosts, start=1):
                schema = f"tenant{number}"
                link.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
                link.execute(
                    "WITH made AS (INSERT INTO bench_client (schema_name) VALUES (%s) RETURNING id) "
                    "INSERT INTO bench_domain (domain, tenant_id) SELECT %s, id FROM made",
                    [schema, host],
                )
                _notes(link, schema, host)
            link.execute("ANALYZE bench_client; ANALYZE bench_domain")
        yield {"BENCH_DATABASE_URL": server.address(name)}


@contextmanager
def ours(server: Server, *, hosts: Sequence[str]) -> Iterator[dict[str, str]]:
    """Ours, founded by its own services: roles, row policies and all tables of every schema."""
    with server.database("ours") as name:
        told = {"DATABASE_URL": server.address(name), "DATABASE_ROLE_PREFIX": server.prefix}
        schemas: Mapping[str, str] = {}
        try:
            schemas = _founded(hosts, env=told)
            with server.connect(name) as link:
                for host, schema in schemas.items():
                    _notes(link, schema, host)
                    link.execute(
                        sql.SQL("GRANT SELECT ON {} TO {}").format(
                            sql.Identifier(schema, "bench_note"), sql.Identifier(schema)
                        )
                    )
                link.execute("VACUUM ANALYZE")  # or the server would, in the middle of a round
            yield {**told, "BENCH_SCHEMA": next(iter(schemas.values()))}
        finally:
            with server.connect("postgres") as link:
                link.execute(
                    sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
                )
            server.drop_roles(
                [*schemas.values(), *(f"{server.prefix}_{part}" for part in PLATFORM_ROLES)]
            )


def _founded(hosts: Sequence[str], *, env: Mapping[str, str]) -> dict[str, str]:
    made = subprocess.run(
        [sys.executable, "-m", "ncmatch.bench.served.founding", *hosts],
        env=environment({**env, "DJANGO_SETTINGS_MODULE": "ncmatch.settings.base"}),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode != 0:
        raise ServiceError(
            f"The benchmark's distributors could not be founded.\n{made.stderr[-2000:]}"
        )
    found: dict[str, str] = json.loads(made.stdout.splitlines()[-1])
    return found


def environment(told: Mapping[str, str]) -> dict[str, str]:
    """Of a process of the benchmark: what is told to it, and where the code is."""
    kept = {name: text for name, text in os.environ.items() if name != "DATABASE_APP_URL"}
    return {
        **kept,
        "SECRET_KEY": settings.SECRET_KEY,
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "platform"))),
        **told,
    }
