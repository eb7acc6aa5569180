"""One view with one query, over HTTP: through our whole middleware, in plain Django, in django-tenants.

The same view, server program, workers, threads, database server and client for all of them. Several
hosts in random order, so that ours and django-tenants really switch; every answer is checked, and
says whose row it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from ncmatch.bench import databases
from ncmatch.bench.databases import ROWS, Server, text_of
from ncmatch.bench.harness import Case, Measure, held_against, paired
from ncmatch.bench.load import Ask, ask, load
from ncmatch.bench.registry import Say
from ncmatch.bench.servers import THREADS, WORKERS, serving

HOSTS = tuple(f"bench{number}.ncmatch.localhost" for number in range(8))
CONNECTIONS = WORKERS * THREADS
# Short turns: what else the machine does comes in bursts, and is to fall on all contenders alike.
SECONDS = 0.15
ROUNDS = 150
WARM_UP_SECONDS = 3.0  # every thread connects, and its connection meets every tenant
SETTINGS = "ncmatch.bench.served.settings_"


def run(*, rounds: int | None, say: Say) -> list[Case]:
    with _contenders(say) as contenders:
        rounds = rounds or ROUNDS
        say(f"  {rounds} rounds of {len(contenders)} × {SECONDS} s, {CONNECTIONS} connections …")
        values = paired(contenders, rounds=rounds)
    held = partial(held_against, against=values["plain"], unit="requests/s", more_is_better=True)
    return [
        held("one_query_view_vs_plain_django", values["ours"]),
        held("django_tenants_as_it_comes", values["tenants"]),
        held("django_tenants_domain_cached", values["tenants_cached"]),
    ]


@contextmanager
def _contenders(say: Say) -> Iterator[dict[str, Measure]]:
    server = Server.running()
    with ExitStack() as stack:
        say("  Making databases and distributors …")
        plain = stack.enter_context(databases.plain(server, host=HOSTS[0]))
        tenants = stack.enter_context(databases.tenants(server, hosts=HOSTS))
        ours = stack.enter_context(databases.ours(server, hosts=HOSTS))
        measures: dict[str, Measure] = {}
        taken: set[int] = set()
        for name, env, switches in (
            ("plain", plain, False),
            ("ours", ours, True),
            ("tenants", tenants, True),
            ("tenants_cached", tenants, True),
        ):
            port = stack.enter_context(
                serving(SETTINGS + name, env=env, host=HOSTS[0], path=_path(1), taken=taken)
            )
            busy = stack.enter_context(
                load(port=port, connections=CONNECTIONS, asks=_asks(switches=switches))
            )
            busy.per_second(seconds=WARM_UP_SECONDS)
            measures[name] = partial(busy.per_second, seconds=SECONDS)
        yield measures


def _path(pk: int) -> str:
    return f"/bench/note/{pk}/"


def _asks(*, switches: bool) -> list[Ask]:
    """Every row on every host; plain Django has one table, whatever the host."""
    return [
        ask(host=host, path=_path(pk), body=text_of(host if switches else HOSTS[0], pk))
        for host in HOSTS
        for pk in range(1, ROWS + 1)
    ]
