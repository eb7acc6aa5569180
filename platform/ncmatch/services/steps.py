"""Says what was done and how long it took."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

Say = Callable[[str], None]


def silent(line: str) -> None:
    """For tests: says nothing."""


@dataclass
class Step:
    """What the line will say; filled in while the step runs."""

    outcome: str = "done"
    detail: str = ""


@contextmanager
def step(name: str, say: Say) -> Iterator[Step]:
    """Prints one line when the block ends without an error."""
    began = time.monotonic()
    current = Step()
    yield current
    took = time.monotonic() - began
    say(f"  {name:<20} {current.outcome:<12} {took:6.2f} s   {current.detail}".rstrip())
