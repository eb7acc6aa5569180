"""What goes wrong: processes die without a word, and the world outside misbehaves."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx
import psutil
from django.conf import settings

from ncmatch.services.stack import Stack

KILLS = ("web", "web worker", "worker", "worker child", "postgres", "postgres backend")

# (part, fault, how it is set): those that a provider or supplier may do to anybody.
OUTSIDE: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("alipay", "notify_late", {"params": {"seconds": 3}}),
    ("alipay", "notify_twice", {}),
    ("alipay", "notify_reordered", {}),
    ("alipay", "notify_silent", {}),
    ("alipay", "notify_forged", {}),
    ("alipay", "notify_altered", {}),
    ("alipay", "notify_unsigned", {}),
    ("alipay", "notify_sha1", {}),
    ("alipay", "notify_wrong_amount", {"params": {"amount": "0.01"}}),
    ("alipay", "notify_foreign_merchant", {}),
    ("alipay", "notify_unknown_order", {}),
    ("alipay", "gateway_timeout_before", {"params": {"seconds": 4}}),
    ("alipay", "gateway_timeout_after", {"params": {"seconds": 4}}),
    ("alipay", "gateway_500", {}),
    ("alipay", "gateway_bad_signature", {}),
    ("alipay", "gateway_busy_after", {}),
    ("alipay", "refund_pending", {}),
    ("osb", "timeout_before", {"params": {"seconds": 4}}),
    ("osb", "timeout_after", {"params": {"seconds": 4}}),
    ("osb", "error_500", {}),
    ("osb", "orphan", {}),
    ("osb", "malformed", {}),
    ("osb", "operation_fails", {}),
    ("osb", "too_many_429", {}),
    ("osb", "bind_fails", {}),
)


@dataclass
class Trouble:
    """Makes it, counts it, and takes it away again."""

    stack: Stack
    chance: random.Random
    made: Counter[str] = field(default_factory=Counter)

    def make(self) -> None:
        if self.chance.random() < 0.5:
            self.kill(self.chance.choice(KILLS))
        else:
            self.outside()

    def kill(self, what: str) -> None:
        """kill -9, and after a moment of silence what died is started again."""
        victims = [process for process in self._processes(what) if process.is_running()]
        if not victims:
            return
        for process in victims:
            os.kill(process.pid, signal.SIGKILL)
        self.made[f"kill -9 {what}"] += 1
        time.sleep(self.chance.uniform(0, 1.5))
        self.stack.up(app=True)

    def outside(self) -> None:
        part, fault, how = self.chance.choice(OUTSIDE)
        times = self.chance.randint(1, 3)
        answer = httpx.post(
            f"{settings.SANDBOX_URL}/admin/faults",
            json={"part": part, "fault": fault, "times": times, **how},
            trust_env=False,
            timeout=10,
        )
        answer.raise_for_status()
        self.made[f"{part}: {fault}"] += times

    def end(self) -> None:
        """The world is good again: no fault is left, and everything runs."""
        httpx.delete(
            f"{settings.SANDBOX_URL}/admin/faults", trust_env=False, timeout=10
        ).raise_for_status()
        self.stack.up(app=True)

    def _processes(self, what: str) -> list[psutil.Process]:
        """The leader alone, or one of its children by chance."""
        title = {"web": "Web server", "worker": "Worker", "postgres": "PostgreSQL"}[
            what.split(maxsplit=1)[0]
        ]
        row = next(row for row in self.stack.status(app=True) if row.name == title)
        if row.pid is None:
            return []
        try:
            leader = psutil.Process(row.pid)
            if " " not in what:
                return [leader]
            children = leader.children(recursive=True)
        except psutil.NoSuchProcess:
            return []
        return [self.chance.choice(children)] if children else []
