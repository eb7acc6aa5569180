"""Before Django reads its settings: a PostgreSQL and a Valkey for the tests, of their own.

With DATABASE_URL and REDIS_URL in the environment those servers are used instead.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    for folder in (ROOT, ROOT / "platform", ROOT / "deploy"):
        if str(folder) not in sys.path:
            sys.path.insert(0, str(folder))
    data = Path(os.environ.setdefault("NCMATCH_TEST_DATA", str(ROOT / ".data" / "test")))
    os.environ["NCMATCH_DATA"] = str(data)
    os.environ.setdefault("DATABASE_ROLE_PREFIX", "ncmatch_test")
    if "DATABASE_URL" in os.environ and "REDIS_URL" in os.environ:
        return
    from ncmatch.services.cluster import Cluster

    cluster = Cluster(data)
    addresses = cluster.up()
    _hurry(cluster.runtime().admin_url)
    os.environ.setdefault("DATABASE_URL", addresses.database_url)
    os.environ.setdefault("REDIS_URL", addresses.redis_url)


def _hurry(admin_url: str) -> None:
    """The tests' own server need not survive a loss of power, so it does not wait for the disk."""
    import psycopg

    with psycopg.connect(admin_url, autocommit=True) as link:
        link.execute("ALTER SYSTEM SET fsync = off")
        link.execute("ALTER SYSTEM SET full_page_writes = off")
        link.execute("SELECT pg_reload_conf()")
