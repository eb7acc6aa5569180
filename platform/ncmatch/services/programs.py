"""Our own processes: the sandbox, the worker and the web server."""

import hashlib
import http.client
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from ncmatch.services.folders import ROOT
from ncmatch.services.processes import MARK, PidFile, marked, spawn, stop, wait_until

SOURCES = ("platform", "tenant_apps", "billing", "shared_apps", "templates", "deploy")
SUFFIXES = (".py", ".html", ".mo", ".sql")
START_SECONDS = 90.0


@dataclass(frozen=True)
class Program:
    """One detached process (and its children) that an `up` starts again when it is gone."""

    name: str
    title: str
    command: tuple[str, ...]
    env: Mapping[str, str]
    data: Path
    address: str
    port: int | None = None
    host: str = "127.0.0.1"
    stop_seconds: float = 15.0

    @property
    def log(self) -> Path:
        return self.data / "logs" / f"{self.name}.log"

    @property
    def pid_file(self) -> PidFile:
        return PidFile(self.data / "pids" / f"{self.name}.json")

    @property
    def mark(self) -> str:
        """Distinguishes this program of this data folder from all others on the machine."""
        return f"{self.data}:{self.name}:{self._fingerprint()}"

    def process(self) -> psutil.Process | None:
        return self.pid_file.process(mark=" ".join(self.command[1:3]))

    def is_current(self) -> bool:
        """Runs, with today's command, settings and sources."""
        process = self.process()
        if process is None:
            return False
        try:
            same = process.environ().get(MARK) == self.mark
        except psutil.Error:
            return False
        return same and process.create_time() > _newest_source()

    def answers(self) -> bool:
        """Over HTTP where it has a port; else that it runs is all that is known."""
        return healthy(self.port, host=self.host) if self.port else self.process() is not None

    def start(self) -> None:
        """Ends what is left of the last start, then starts and waits for an answer."""
        self.stop()
        offset = self.log.stat().st_size if self.log.exists() else 0
        started = spawn(self.command, log=self.log, folder=ROOT, env={**self.env, MARK: self.mark})
        self.pid_file.write(psutil.Process(started.pid))
        wait_until(
            lambda: (
                healthy(self.port, host=self.host) if self.port else _says_ready(self.log, offset)
            ),
            process=started,
            name=self.title,
            log=self.log,
            seconds=START_SECONDS,
        )

    def stop(self) -> None:
        """The leader first, so that it may end its children; then whatever it left behind."""
        leader = self.process()
        if leader is not None:
            stop([leader], seconds=self.stop_seconds)
        stop(list(marked(f"{self.data}:{self.name}:")), seconds=3)
        self.pid_file.remove()

    def _fingerprint(self) -> str:
        """Changes with the command and the addresses given to it."""
        told = sorted(f"{name}={self.env[name]}" for name in TOLD if name in self.env)
        return hashlib.sha256("\0".join([*self.command, *told]).encode()).hexdigest()[:16]


TOLD = (
    "DATABASE_URL",
    "REDIS_URL",
    "DJANGO_SETTINGS_MODULE",
    "PORT",
    "SANDBOX_PORT",
    "SANDBOX_SMTP_PORT",
    "SANDBOX_URL",
)


def programs(
    *, data: Path, database_url: str, redis_url: str, ports: Mapping[str, int]
) -> list[Program]:
    """In the order in which they start; they stop in the other."""
    env = {
        **os.environ,
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "NCMATCH_DATA": str(data),
        "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "ncmatch.settings.dev"),
        "PYTHONPATH": os.pathsep.join(str(ROOT / part) for part in (".", "platform")),
        "PYTHONUNBUFFERED": "1",
        "PORT": str(ports["web"]),
        "SANDBOX_PORT": str(ports["sandbox"]),
        "SANDBOX_SMTP_PORT": str(ports["sandbox_smtp"]),
        "SANDBOX_DATA": str(data / "sandbox"),
        "SANDBOX_URL": f"http://127.0.0.1:{ports['sandbox']}",
    }
    return [
        Program(
            name="sandbox",
            title="Sandbox",
            command=(sys.executable, "-m", "sandbox"),
            env={**env, "PYTHONPATH": str(ROOT / "deploy")},
            data=data,
            address=f"http://127.0.0.1:{ports['sandbox']}/",
            port=ports["sandbox"],
        ),
        Program(
            name="worker",
            title="Worker",
            command=(
                *(sys.executable, "-m", "celery", "-A", "ncmatch", "worker", "-B"),
                *("--schedule", str(data / "celerybeat-schedule")),
                *("--concurrency", "2", "--hostname", "ncmatch@%h", "--loglevel", "INFO"),
            ),
            # The demo is often run as root, in a container; our messages are JSON, never pickle.
            env={**env, "C_FORCE_ROOT": "1"},
            data=data,
            address="",
            stop_seconds=30,
        ),
        Program(
            name="web",
            title="Web server",
            command=(
                *(sys.executable, "-m", "granian", "--interface", "wsgi"),
                *("--host", "127.0.0.1", "--port", str(ports["web"])),
                *("--workers", "2", "--blocking-threads", "4", "--respawn-failed-workers"),
                "ncmatch.wsgi:application",
            ),
            env=env,
            data=data,
            address=f"http://ncmatch.localhost:{ports['web']}/",
            port=ports["web"],
            host="ncmatch.localhost",
        ),
    ]


def healthy(port: int, *, host: str) -> bool:
    """Whether GET /healthz answers 200. `*.localhost` does not resolve in Python: by number."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz", headers={"Host": f"{host}:{port}"})
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _says_ready(log: Path, offset: int) -> bool:
    """Asking it over the broker takes seconds; its own word in the log does not."""
    try:
        with log.open("rb") as file:
            file.seek(offset)
            return b" ready." in file.read()
    except OSError:
        return False


def _newest_source() -> float:
    newest = 0.0
    for name in SOURCES:
        for folder, folders, files in os.walk(ROOT / name):
            folders[:] = [one for one in folders if not one.startswith((".", "__pycache__"))]
            for file in files:
                if file.endswith(SUFFIXES):
                    newest = max(newest, (Path(folder) / file).stat().st_mtime)
    return newest
