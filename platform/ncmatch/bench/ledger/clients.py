"""Client processes: one program for each contender, which sets itself up once and forks.

The parent tells the program what to do, for how long and in how many processes, line by line; it answers with how
many entries a second were booked. All begin at one moment, and count until each has stopped.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import IO

from ncmatch.bench.databases import environment
from ncmatch.services.errors import ServiceError
from ncmatch.services.folders import ROOT

PROCESSES = 8


class Program:
    """The parent's side of one contender."""

    def __init__(self, orders: IO[str], answers: IO[str]) -> None:
        self._orders, self._answers = orders, answers

    def per_second(self, what: str, *, clients: int, seconds: float) -> float:
        told = {"what": what, "clients": clients, "seconds": seconds}
        self._orders.write(json.dumps(told) + "\n")
        self._orders.flush()
        answer = self._answers.readline()
        if not answer:
            raise ServiceError("A client of the benchmark has ended; see above.")
        return float(json.loads(answer))


@contextmanager
def program(name: str, *, settings: str, env: Mapping[str, str]) -> Iterator[Program]:
    with subprocess.Popen(
        [sys.executable, "-m", "ncmatch.bench.ledger", name],
        env=environment({**env, "DJANGO_SETTINGS_MODULE": settings}),
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise ServiceError("A client of the benchmark has no pipes.")
        try:
            yield Program(process.stdin, process.stdout)
        finally:
            process.stdin.close()


def _client(name: str, pipe: Connection) -> None:
    from ncmatch.bench.ledger.work import WORKERS

    worker = WORKERS[name]()
    pipe.send("ready")
    while told := pipe.recv():
        work = getattr(worker, told["what"])
        time.sleep(max(0.0, told["begin"] - time.monotonic()))
        done, end = 0, told["begin"] + told["seconds"]
        while time.monotonic() < end:
            done += work()
        pipe.send((done, time.monotonic() - told["begin"]))


def serve(name: str) -> None:
    """The program's own side: reads orders until its input closes."""
    if os.environ["DJANGO_SETTINGS_MODULE"]:
        import django

        django.setup()
    fork = multiprocessing.get_context("fork")
    pipes: list[Connection] = []
    for _ in range(PROCESSES):
        mine, theirs = fork.Pipe()
        fork.Process(target=_client, args=(name, theirs), daemon=True).start()
        theirs.close()  # so that one that fails is noticed
        pipes.append(mine)
    for pipe in pipes:
        pipe.recv()
    for line in sys.stdin:
        told = json.loads(line) | {"begin": time.monotonic() + 0.05}
        busy = pipes[: told["clients"]]
        for pipe in busy:
            pipe.send(told)
        rates = [done / took for done, took in (pipe.recv() for pipe in busy)]
        sys.stdout.write(json.dumps(sum(rates)) + "\n")
        sys.stdout.flush()
