"""One entry, and a thousand: by our service, by a function written by hand, by django-hordak; COPY beside.
See docs/benchmarks.md."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from ncmatch.bench.databases import Server
from ncmatch.bench.harness import Case, Measure, Values, held_against, paired
from ncmatch.bench.registry import Say

from .clients import PROCESSES, program
from .preparing import HORDAK, OURS, hordaks_books, our_books

ROUNDS = 15
SECONDS = 0.7
BULK_SECONDS = 2.0  # a thousand entries take half a second
WARM_UP_SECONDS = 3.0


def run(*, rounds: int | None, say: Say) -> list[Case]:
    server = Server.running()
    rounds = rounds or ROUNDS
    say("  Opening books …")
    with our_books(server) as env, hordaks_books(server) as hordak:
        with _contenders(env, hordak, clients=PROCESSES) as contenders:
            say(f"  {rounds} rounds of {len(contenders)} × {SECONDS} s in {PROCESSES} processes …")
            values = paired(contenders, rounds=rounds)
        cases = _posting(values)
    return cases


@contextmanager
def _contenders(
    env: dict[str, str], hordak: dict[str, str], *, clients: int
) -> Iterator[dict[str, Measure]]:
    with ExitStack() as stack:
        start = {
            "ours": partial(program, "ours", settings=OURS, env=env),
            "by_hand": partial(program, "by_hand", settings="", env=env),
            "hordak": partial(program, "hordak", settings=HORDAK, env=hordak),
        }
        programs = {name: stack.enter_context(begin()) for name, begin in start.items()}

        def measure(name: str, what: str, *, seconds: float = SECONDS) -> Measure:
            return partial(programs[name].per_second, what, clients=clients, seconds=seconds)

        measures = {
            "spread": measure("ours", "spread"),
            "sql_function": measure("by_hand", "spread"),
            "hordak": measure("hordak", "spread"),
            "hot": measure("ours", "hot"),
            "bulk": measure("ours", "bulk", seconds=BULK_SECONDS),
            "copy": measure("by_hand", "bulk", seconds=BULK_SECONDS),
        }
        for name in programs:
            measure(name, "spread", seconds=WARM_UP_SECONDS)()
        yield measures


def _posting(values: Values) -> list[Case]:
    def held(case: str, ours: str, against: str) -> Case:
        return held_against(
            case, values[ours], values[against], unit="entries/s", more_is_better=True
        )

    return [
        held("post_spread_vs_sql_function", "spread", "sql_function"),
        held("post_spread_vs_hordak", "spread", "hordak"),
        held("post_hot_vs_own_spread", "hot", "spread"),
        held("bulk_1000_vs_own_single", "bulk", "spread"),
        held("bulk_1000_vs_copy", "bulk", "copy"),
    ]
