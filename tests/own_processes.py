"""Our own programs as real processes on the tests' database: a web server, and a worker to be killed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit, urlunsplit

import httpx
import pytest
import redis
from django.conf import settings

from ncmatch.services.ports import choose
from tests.sandbox_process import ROOT, Sandbox, until

START_SECONDS = 60
# Beside the database of the tests' own cache, which they empty as they like.
REDIS_DATABASE = 5


def environment(sandbox: Sandbox | None = None, **more: str) -> dict[str, str]:
    """What a process needs to work on the tests' database, and with the sandbox where one is given."""
    where = settings.DATABASES["default"]
    owner = where["OWNER"]
    given = urlsplit(settings.REDIS_URL)
    outside = (
        {"SANDBOX_URL": sandbox.base_url, "SANDBOX_SMTP_PORT": str(sandbox.smtp_port)}
        if sandbox
        else {}
    )
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.own_settings",
        "DATABASE_URL": (
            f"postgresql://{owner['user']}:{owner['password']}"
            f"@{where['HOST']}:{where['PORT']}/{where['NAME']}"
        ),
        "REDIS_URL": urlunsplit(given._replace(path=f"/{REDIS_DATABASE}")),
        "PYTHONPATH": os.pathsep.join(str(ROOT / part) for part in (".", "platform")),
        "PYTHONUNBUFFERED": "1",
        "C_FORCE_ROOT": "1",
        **outside,
        **more,
    }


class OwnProcess:
    """A process group of our own; what it says goes to a file."""

    def __init__(self, command: list[str], env: Mapping[str, str], log: Path) -> None:
        self.command, self.env, self.log = command, dict(env), log
        self._process: subprocess.Popen[bytes] | None = None
        self._file: IO[bytes] | None = None

    def start(self) -> None:
        assert self._process is None
        self._file = self.log.open("ab")
        self._process = subprocess.Popen(
            self.command,
            env=self.env,
            cwd=ROOT,
            stdout=self._file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def said(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def kill(self) -> None:
        """kill -9 of the whole group: nobody gets to clean up."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, how)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if self._file is not None:
            self._file.close()


class Worker(OwnProcess):
    """A Celery worker with its schedule, as the demo runs it."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        command = [
            *(sys.executable, "-m", "celery", "-A", "ncmatch", "worker", "-B"),
            *("--schedule", str(folder / "celerybeat-schedule")),
            *("--concurrency", "2", "--hostname", "tests@%h", "--loglevel", "INFO"),
            *("--without-gossip", "--without-mingle"),
        ]
        super().__init__(command, env, folder / "worker.log")
        self._starts = 0

    def start(self) -> None:
        super().start()
        self._starts += 1
        until(lambda: self.said().count(" ready.") >= self._starts, seconds=START_SECONDS)


class Web(OwnProcess):
    """granian with our WSGI application, as the demo runs it."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self.port = choose(taken=set())
        command = [
            *(sys.executable, "-m", "granian", "--interface", "wsgi"),
            *("--host", "127.0.0.1", "--port", str(self.port)),
            *("--workers", "2", "--blocking-threads", "8", "ncmatch.wsgi:application"),
        ]
        super().__init__(command, env, folder / "web.log")

    def start(self) -> None:
        super().start()
        until(self._answers, seconds=START_SECONDS)

    def _answers(self) -> bool:
        try:
            answer = httpx.get(
                f"http://127.0.0.1:{self.port}/healthz",
                headers={"Host": settings.EXCHANGE_HOST},
                trust_env=False,
            )
        except httpx.HTTPError:
            return False
        return answer.status_code == httpx.codes.OK


def _broker(env: Mapping[str, str]) -> Any:
    return redis.Redis.from_url(env["REDIS_URL"])


@pytest.fixture
def worker(committed: None, sandbox: Sandbox, tmp_path: Path) -> Iterator[Worker]:
    """Not started yet; ended with the test, before its database goes."""
    env = environment(sandbox)
    with _broker(env) as broker:
        broker.flushdb()
        made = Worker(tmp_path, env)
        yield made
        made.kill()
        broker.flushdb()


@pytest.fixture
def web(committed: None, sandbox: Sandbox, tmp_path: Path) -> Iterator[Web]:
    made = Web(tmp_path, environment(sandbox))
    made.start()
    yield made
    made.stop()
