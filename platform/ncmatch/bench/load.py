"""A small HTTP client that keeps several connections busy and checks every answer to the byte.

One thread, raw sockets, ready-made requests: it costs some microseconds a request, so that on two
cores the server is what is measured and not the client.
"""

from __future__ import annotations

import random
import selectors
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

ANSWER_SECONDS = 10.0


class WrongAnswer(RuntimeError):
    """A benchmark of wrong answers would say nothing."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, ready to be sent, and the body that must come back."""

    request: bytes
    body: bytes


def ask(*, host: str, path: str, body: str) -> Ask:
    lines = (
        f"GET {path} HTTP/1.1",
        f"Host: {host}",
        "User-Agent: Mozilla/5.0 (X11; Linux x86_64) bench",
        "Accept: text/html,application/xhtml+xml",
        "Accept-Language: zh-CN,zh;q=0.9,en;q=0.8",
        "Accept-Encoding: gzip",
        "Connection: keep-alive",
    )
    return Ask(("\r\n".join(lines) + "\r\n\r\n").encode(), body.encode())


@dataclass
class _Line:
    """One connection: what was asked last, and what has come so far."""

    socket: socket.socket
    expected: bytes = b""
    received: bytearray = field(default_factory=bytearray)

    def send(self, what: Ask) -> None:
        self.expected = what.body
        self.received.clear()
        self.socket.sendall(what.request)

    def read(self) -> bool:
        """Whether the answer is complete; raises unless it is the right one."""
        came = self.socket.recv(65536)
        if not came:
            raise WrongAnswer("The server closed a connection that it was to keep.")
        self.received += came
        head, found, body = bytes(self.received).partition(b"\r\n\r\n")
        if not found:
            return False
        if not head.startswith(b"HTTP/1.1 200 "):
            raise WrongAnswer(
                f"{head.decode(errors='replace')}\n\n{body[:500].decode(errors='replace')}"
            )
        if len(body) < _length(head):
            return False
        if body != self.expected:
            raise WrongAnswer(f"{body[:200]!r} instead of {self.expected!r}")
        return True


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    raise WrongAnswer("An answer without a length.")


class Load:
    """Several connections to one server, each of which always has one request under way."""

    def __init__(self, *, port: int, connections: int, asks: Sequence[Ask], seed: int = 1) -> None:
        self.asks = asks
        # Chance, so that a server's threads do not each settle on a tenant; the same in every run.
        self._random = random.Random(seed)  # noqa: S311
        self._selector = selectors.DefaultSelector()
        self._lines = []
        for _ in range(connections):
            link = socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS)
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            line = _Line(link)
            self._lines.append(line)
            self._selector.register(link, selectors.EVENT_READ, line)

    def per_second(self, *, seconds: float) -> float:
        """Keeps the server busy for a while; answers per second."""
        choose, clock = self._random.choice, time.perf_counter
        waiting = answered = 0
        began = clock()
        for line in self._lines:
            line.send(choose(self.asks))
            waiting += 1
        while waiting:
            ready = self._selector.select(ANSWER_SECONDS)
            if not ready:
                raise WrongAnswer(f"No answer within {ANSWER_SECONDS:.0f} s.")
            running = clock() - began < seconds
            for key, _ in ready:
                answering: _Line = key.data
                if not answering.read():
                    continue
                answered += 1
                if running:
                    answering.send(choose(self.asks))
                else:
                    waiting -= 1
        return answered / (clock() - began)

    def close(self) -> None:
        self._selector.close()
        for line in self._lines:
            line.socket.close()


@contextmanager
def load(*, port: int, connections: int, asks: Sequence[Ask]) -> Iterator[Load]:
    opened = Load(port=port, connections=connections, asks=asks)
    try:
        yield opened
    finally:
        opened.close()
