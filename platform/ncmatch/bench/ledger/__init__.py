"""One entry, and a thousand: by our service, by a function written by hand, by django-hordak; COPY beside.
See docs/benchmarks.md."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from statistics import median

from ncmatch.bench.databases import Server
from ncmatch.bench.harness import Case, Measure, Values, held_against, paired
from ncmatch.bench.registry import Say

from .clients import PROCESSES, program
from .preparing import HORDAK, OURS, hordaks_books, our_books, read_books, write_past

ROUNDS = 15
SECONDS = 0.7
BULK_SECONDS = 2.0  # a thousand entries take half a second
WARM_UP_SECONDS = 3.0
POSTINGS = 10_000_000
READING_ROUNDS = 5


def run(*, rounds: int | None, say: Say, postings: int = POSTINGS) -> list[Case]:
    server = Server.running()
    rounds = rounds or ROUNDS
    say("  Opening books …")
    with our_books(server) as env:
        with hordaks_books(server) as hordak:
            alone = _measured(env, hordak, clients=1, rounds=max(rounds // 3, 1), say=say)
            many = _measured(env, hordak, clients=PROCESSES, rounds=rounds, say=say)
        cases = [
            replace(case, also={"ratio_with_1_process": round(one.ratio, 3)})
            for case, one in zip(_posting(many), _posting(alone), strict=True)
        ]
        return cases + _reading(server, env, postings=postings, say=say)


def _measured(
    env: dict[str, str], hordak: dict[str, str], *, clients: int, rounds: int, say: Say
) -> Values:
    with _contenders(env, hordak, clients=clients) as contenders:
        say(f"  {rounds} rounds of {len(contenders)} contenders, processes: {clients} …")
        return paired(contenders, rounds=rounds)


def _reading(server: Server, env: dict[str, str], *, postings: int, say: Say) -> list[Case]:
    """With a tenth of the postings, and with all of them."""
    few = postings // 10
    read: list[Values] = []
    for after, upto in ((0, few), (few, postings)):
        say(f"  Writing {upto - after:,} postings, and reading {READING_ROUNDS} rounds …")
        write_past(server, env, after=after, upto=upto, whole=postings)
        read.append(read_books(server, env, rounds=READING_ROUNDS))
    before, now = read
    return [
        replace(
            held_against(case, now[name], now[f"plain_{name}"], unit="ms", more_is_better=False),
            also={"postings": postings, "ms_with_a_tenth": round(median(before[name]), 3)},
        )
        for case, name in (("balance_as_of_ms", "balance"), ("trial_balance_ms", "trial"))
    ]


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
