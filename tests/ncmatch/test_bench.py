"""The benchmarks' harness: what is slower shows as slower, and the last line can be read by a program."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from time import perf_counter, sleep

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from ncmatch.bench import harness, registry
from ncmatch.bench.harness import Case, held_against, paired
from ncmatch.bench.load import WrongAnswer, ask, load
from ncmatch.management.commands import bench

MACHINE = {"cpus", "cpu_model", "load_1m", "system", "python", "postgresql", "date"}


def a_case(name: str = "a", ratio: float = 0.5) -> Case:
    return Case(
        case=name,
        value=10,
        unit="requests/s",
        against=20,
        ratio=ratio,
        spread=(0.4, 0.45, 0.55, 0.6),
    )


class TestRounds:
    def test_contenders_take_turns(self) -> None:
        order: list[str] = []

        def measure(name: str) -> Callable[[], float]:
            def run() -> float:
                order.append(name)
                return len(order)

            return run

        values = paired({"a": measure("a"), "b": measure("b")}, rounds=3, warm_up=1)
        assert order == ["a", "b"] * 4
        assert values == {"a": [3, 5, 7], "b": [4, 6, 8]}  # what the warm-up said is gone

    def test_no_rounds_are_refused(self) -> None:
        with pytest.raises(ValueError, match="at least one"):
            paired({"a": lambda: 1.0}, rounds=0)

    def test_a_ratio_is_taken_inside_a_round(self) -> None:
        """The machine was three times slower in the second round; the two were as fast as before."""
        case = held_against("x", [50, 15, 70], [100, 30, 100], unit="1/s", more_is_better=True)
        assert case.ratio == 0.5
        assert case.spread == (0.5, 0.5, 0.6, 0.7)
        assert (case.value, case.against) == (50, 100)

    def test_seconds_count_the_other_way(self) -> None:
        case = held_against("x", [4.0], [1.0], unit="s", more_is_better=False)
        assert case.ratio == 0.25
        assert case.spread == (0.25,) * 4

    def test_a_slow_contender_is_below_one(self) -> None:
        def took(seconds: float) -> Callable[[], float]:
            def run() -> float:
                began = perf_counter()
                sleep(seconds)
                return perf_counter() - began

            return run

        values = paired({"slow": took(0.05), "quick": took(0.001)}, rounds=3)
        case = held_against("x", values["slow"], values["quick"], unit="s", more_is_better=False)
        assert case.ratio < 1


class TestOutput:
    def test_the_line_is_one_json_object(self) -> None:
        line = harness.as_line("requests", [a_case("a"), a_case("b", 0.71234)], {"cpus": 2})
        assert "\n" not in line
        assert json.loads(line) == {
            "bench": "requests",
            "cases": [
                {"case": "a", "value": 10, "unit": "requests/s", "against": 20, "ratio": 0.5},
                {"case": "b", "value": 10, "unit": "requests/s", "against": 20, "ratio": 0.712},
            ],
            "machine": {"cpus": 2},
        }

    def test_the_table_says_the_spread(self) -> None:
        head, row = harness.table([a_case()]).splitlines()
        assert head.split()[:5] == ["case", "value", "against", "unit", "ratio"]
        assert row.split() == [
            *("a", "10.0", "20.0", "requests/s", "0.50"),
            *("0.45–0.55", "0.40–0.60"),
        ]

    def test_the_machine_is_described(self) -> None:
        at = datetime(2026, 11, 23, tzinfo=UTC)
        about = harness.machine(server_version=180006, at=at)
        assert about.keys() == MACHINE
        assert about["postgresql"] == "18.6"
        assert about["date"] == "2026-11-23T00:00:00+00:00"


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> list[int | None]:
    """A benchmark named `planted`; returns how many rounds it was asked for."""
    asked: list[int | None] = []

    def run(*, rounds: int | None, say: registry.Say) -> list[Case]:
        asked.append(rounds)
        say("measuring")
        return [a_case()]

    monkeypatch.setitem(registry.BENCHES, "planted", "planted.module")
    monkeypatch.setattr(registry, "load", lambda name: run)
    monkeypatch.setattr(bench, "server_version", lambda: 180006)
    return asked


class TestCommand:
    def test_the_last_line_is_the_object(self, planted: list[int | None]) -> None:
        out = StringIO()
        call_command("bench", "planted", rounds=7, stdout=out)
        *before, last = out.getvalue().splitlines()
        assert planted == [7]
        assert before[0] == "measuring"
        said = json.loads(last)
        assert said.keys() == {"bench", "cases", "machine"}
        assert said["bench"] == "planted"
        assert said["cases"] == [a_case().as_json()]
        assert said["machine"].keys() == MACHINE

    def test_with_json_nothing_else_is_said_on_standard_output(
        self, planted: list[int | None]
    ) -> None:
        out, err = StringIO(), StringIO()
        call_command("bench", "planted", as_json=True, stdout=out, stderr=err)
        assert planted == [None]
        assert json.loads(out.getvalue())["bench"] == "planted"
        assert "measuring" in err.getvalue()

    def test_an_unknown_name_and_no_rounds_are_refused(self, planted: list[int | None]) -> None:
        with pytest.raises(CommandError, match="nonesuch"):
            call_command("bench", "nonesuch")
        with pytest.raises(CommandError):
            call_command("bench", "planted", rounds=0)
        assert planted == []


def test_every_benchmark_loads_and_is_explained() -> None:
    pages = (Path(settings.ROOT) / "docs" / "benchmarks.md").read_text()
    for name in registry.BENCHES:
        assert callable(registry.load(name))
        assert f"## `{name}`" in pages


@contextmanager
def server(answer: bytes) -> Iterator[int]:
    """Says the same to every request, in two pieces, as a network may."""
    listening = socket.create_server(("127.0.0.1", 0))

    def talk(link: socket.socket) -> None:
        with link, suppress(OSError):
            while link.recv(65536):
                link.sendall(answer[:20])
                sleep(0.001)
                link.sendall(answer[20:])

    def accept() -> None:
        while True:
            try:
                link, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=talk, args=(link,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()


class TestLoad:
    def per_second(self, answer: bytes) -> float:
        asks = [ask(host="a.test", path="/", body="right")]
        with server(answer) as port, load(port=port, connections=2, asks=asks) as busy:
            return busy.per_second(seconds=0.05)

    def test_right_answers_are_counted(self) -> None:
        assert self.per_second(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nright") > 0

    @pytest.mark.parametrize(
        "answer",
        [
            b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong",
            b"HTTP/1.1 500 Oh\r\nContent-Length: 5\r\n\r\nright",
            b"HTTP/1.1 200 OK\r\nServer: says no length\r\n\r\nright",
        ],
        ids=["another's row", "an error", "no length"],
    )
    def test_a_wrong_answer_ends_the_benchmark(self, answer: bytes) -> None:
        with pytest.raises(WrongAnswer):
            self.per_second(answer)

    def test_so_does_a_connection_that_is_not_kept(self) -> None:
        asks = [ask(host="a.test", path="/", body="right")]
        with (
            socket.create_server(("127.0.0.1", 0)) as listening,
            load(port=listening.getsockname()[1], connections=1, asks=asks) as busy,
        ):
            listening.accept()[0].close()
            with pytest.raises((WrongAnswer, ConnectionError)):
                busy.per_second(seconds=0.05)
