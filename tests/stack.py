"""A whole stack of its own, with the demo's data, for tests that look from outside: nothing in it is a stand-in
but the sandbox.

It takes about a minute to make, so one serves the whole run. NCMATCH_TEST_STACK names the data folder of
one that runs already and is left running.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from ncmatch.services import ports
from ncmatch.services.runtime import Runtime
from tests.sandbox_process import Sandbox

ROOT = Path(__file__).resolve().parent.parent
# What this run of tests was told, and the stack must not be.
OURS = ("DATABASE_", "DJANGO_", "NCMATCH_", "PYTEST_", "REDIS_", "SANDBOX_", "SECRET_KEY", "PORT")


@dataclass(frozen=True, slots=True)
class Stack:
    data: Path
    env: dict[str, str]

    @property
    def runtime(self) -> Runtime:
        return Runtime.load(self.data)

    def url(self, shop: str, path: str = "/") -> str:
        """An address as a browser asks for it; "" is the exchange."""
        host = f"{shop}.ncmatch.localhost" if shop else "ncmatch.localhost"
        return f"http://{host}:{self.runtime.ports['web']}{path}"

    def sandbox(self) -> Sandbox:
        ports = self.runtime.ports
        address = f"http://127.0.0.1:{ports['sandbox']}"
        return Sandbox(address, ports["sandbox_smtp"], self.data / "sandbox")

    def manage(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """A management command beside the running stack; fails with what it said."""
        done = subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *arguments],
            check=False,
            cwd=ROOT,
            env=self.env,
            text=True,
            capture_output=True,
        )
        if check and done.returncode:
            raise AssertionError(f"manage.py {' '.join(arguments)}:\n{done.stdout}\n{done.stderr}")
        return done

    def rows(self, shop: str, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Reads a shop's own tables as the owner of the database."""
        with self._inside(shop) as link:
            return link.execute(query, values or None).fetchall()

    def do(self, shop: str, statement: str, *values: Any) -> None:
        """Changes a shop's or a shared table as the owner of the database: what the demo has no page for."""
        with self._inside(shop) as link:
            link.execute(statement, values)

    def _inside(self, shop: str) -> psycopg.Connection[Any]:
        link = psycopg.connect(self.runtime.admin_url, dbname="ncmatch", autocommit=True)
        found = link.execute(
            "SELECT schema_name FROM distributors_distributor WHERE slug = %s", [shop]
        ).fetchone()
        assert found is not None, shop
        schema = sql.Identifier(str(found[0]))
        link.execute(sql.SQL("SET search_path TO {}, public").format(schema))
        return link

    def logs(self) -> str:
        """The end of every log, for a failure's report."""
        return "\n".join(
            f"-- {log.name}\n{log.read_text(errors='replace')[-4000:]}"
            for log in sorted((self.data / "logs").glob("*.log"))
        )


def _environment(data: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return {**kept, "NCMATCH_DATA": str(data), "PYTHONUNBUFFERED": "1"}


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Servers, worker, pages and sandbox with the demo seeded; gone with its data afterwards."""
    running = os.environ.get("NCMATCH_TEST_STACK")
    if running:
        data = Path(running).resolve()
        yield Stack(data, _environment(data))
        return
    folder = Path(tempfile.mkdtemp(prefix="ncmatch-stack-"))
    folder.chmod(0o755)  # so that the servers' user may enter it
    data = folder / "data"
    environment = _environment(data)
    # Not the demo's port: somebody may start one while the tests run.
    environment["PORT"] = str(ports.choose(taken=set()))
    environment["SANDBOX_OSB_SECONDS"] = "1"
    made = Stack(data, environment)
    try:
        made.manage("services", "up")
        made.manage("migrate_fleet", "--quiet")
        made.manage("services", "up", "--app")
        made.manage("seed_demo")
        yield made
    finally:
        subprocess.run(
            [sys.executable, "-m", "ncmatch.services", "destroy"],
            cwd=ROOT,
            env={**environment, "PYTHONPATH": str(ROOT / "platform")},
            capture_output=True,
            check=True,
        )
        shutil.rmtree(folder, ignore_errors=True)
