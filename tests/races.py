"""Several at once, each with a connection of its own, all from the same moment on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from django.db import connection

from shared_apps.kernel import tenancy

Work = Callable[[], str]


def at_once(works: Sequence[Work], *, schema: str) -> list[str]:
    """What each said, in the order of the works."""
    gate = Barrier(len(works))

    def run(work: Work) -> str:
        try:
            with tenancy.enter(schema):
                with connection.cursor() as cursor:
                    cursor.execute("SELECT 1")  # connected before the start
                gate.wait(60)
                return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))
