"""Delivers the providers' notifications, again and again with growing pauses, until they are taken."""

from __future__ import annotations

import http.client
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

from .world import World

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Side:
    """What is a provider's own: headers of the moment, what it takes for a yes, what time closes."""

    headers: Callable[[sqlite3.Connection, sqlite3.Row], Mapping[str, str]]
    accepted: Callable[[int, str], bool]
    lapse_all: Callable[[sqlite3.Connection], int]
    idle: Callable[[sqlite3.Connection], bool]


def enqueue(
    db: sqlite3.Connection,
    *,
    provider: str,
    account: str,
    event_id: str,
    number: str,
    url: str,
    body: str,
    note: str = "",
    signature: str = "good",
    delay: float = 0.0,
    retry: bool = True,
) -> None:
    now = time.time()
    db.execute(
        "INSERT INTO notice (provider, account, notify_id, out_trade_no, url, body, note, signature,"
        " state, retry, due_at, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'WAITING', ?, ?, ?)",
        (
            provider,
            account,
            event_id,
            number,
            url,
            body,
            note,
            signature,
            retry,
            now + delay,
            now,
        ),
    )


def deliver(
    url: str, body: str, headers: Mapping[str, str], *, timeout: float = 10
) -> tuple[int, str]:
    """Posts the body; *.localhost goes to the loopback address with its own Host header.

    Returns status 0 and the error's text when nobody answered.
    """
    target = urlsplit(url)
    host = target.hostname or ""
    address = "127.0.0.1" if host == "localhost" or host.endswith(".localhost") else host
    secure = target.scheme == "https"
    connect = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = connect(address, target.port or (443 if secure else 80), timeout=timeout)
    path = (target.path or "/") + (f"?{target.query}" if target.query else "")
    try:
        connection.request(
            "POST", path, body=body.encode(), headers={"Host": target.netloc, **headers}
        )
        response = connection.getresponse()
        return response.status, response.read(2000).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        return 0, f"{type(error).__name__}: {error}"
    finally:
        connection.close()


class Courier(threading.Thread):
    def __init__(self, world: World, sides: Mapping[str, Side]) -> None:
        super().__init__(name="courier", daemon=True)
        self._world = world
        self._sides = sides
        self._stopping = threading.Event()
        self._pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="courier")
        with world.store.write() as db:
            db.execute("UPDATE notice SET state = 'WAITING' WHERE state = 'SENDING'")

    def stop(self) -> None:
        self._stopping.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def run(self) -> None:
        while not self._stopping.wait(0.1):
            try:
                self._round()
            except sqlite3.Error:
                log.exception("courier")

    def _round(self) -> None:
        with self._world.store.read() as db:
            waiting = db.execute(
                "SELECT 1 FROM notice WHERE state = 'WAITING' AND due_at <= ? LIMIT 1",
                (time.time(),),
            ).fetchone()
            if not waiting and all(side.idle(db) for side in self._sides.values()):
                return
        with self._world.store.write() as db:
            for side in self._sides.values():
                side.lapse_all(db)
            due = db.execute(
                "UPDATE notice SET state = 'SENDING', attempts = attempts + 1"
                " WHERE state = 'WAITING' AND due_at <= ? RETURNING *",
                (time.time(),),
            ).fetchall()
        for row in due:
            self._pool.submit(self._send, row)

    def _send(self, row: sqlite3.Row) -> None:
        side = self._sides[row["provider"]]
        with self._world.store.read() as db:
            headers = side.headers(db, row)
        status, answer = deliver(row["url"], row["body"], headers)
        pauses = self._world.config.notify_backoff
        if side.accepted(status, answer):
            state, due_at = "DELIVERED", row["due_at"]
        elif row["retry"] and row["attempts"] <= len(pauses):
            state, due_at = "WAITING", time.time() + pauses[row["attempts"] - 1]
        else:
            state, due_at = "GIVEN_UP", row["due_at"]
        log.info("notice %s to %s: %s %s", row["notify_id"], row["url"], status, answer[:80])
        with self._world.store.write() as db:
            db.execute(
                "UPDATE notice SET state = ?, due_at = ?, answer = ? WHERE id = ?",
                (state, due_at, f"{status} {answer[:500]}", row["id"]),
            )
