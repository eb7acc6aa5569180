"""Every benchmark by its name. A new one is a module with `run(*, rounds, say)` and a line here."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Protocol, cast

from ncmatch.bench.harness import Case

Say = Callable[[str], None]


class Bench(Protocol):
    """`rounds` None: as many as this benchmark thinks right. `sizes`: what only some of them take."""

    def __call__(self, *, rounds: int | None, say: Say, **sizes: int) -> list[Case]: ...


BENCHES = {
    "ledger": "ncmatch.bench.ledger",
    "requests": "ncmatch.bench.requests",
}


def load(name: str) -> Bench:
    return cast(Bench, import_module(BENCHES[name]).run)
