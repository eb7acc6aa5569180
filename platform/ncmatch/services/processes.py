"""Detached processes: start, recognise again, stop with everything they left behind.

A pid alone proves nothing (it may have been given to a stranger since), so a
process is ours only while its command line and start time are the ones written down.
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from ncmatch.services.accounts import Account
from ncmatch.services.errors import ServiceError

MARK = "NCMATCH_SERVICE"
GONE = (psutil.NoSuchProcess, psutil.ZombieProcess)
UNREADABLE = (*GONE, psutil.AccessDenied)


@dataclass(frozen=True)
class PidFile:
    """Who was started, precisely enough to be recognised later."""

    path: Path

    def write(self, process: psutil.Process) -> None:
        self.path.write_text(
            json.dumps({"pid": process.pid, "started": process.create_time()}) + "\n"
        )

    def process(self, *, mark: str) -> psutil.Process | None:
        """The process written down, if it is alive and its command line has the mark."""
        try:
            written = json.loads(self.path.read_text())
            pid, started = int(written["pid"]), float(written["started"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        found = alive(pid, mark=mark)
        if found is None or abs(found.create_time() - started) > 1:
            return None
        return found

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)


def alive(pid: int, *, mark: str) -> psutil.Process | None:
    """The process of this pid if it runs and its command line contains the mark."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return process if mark in " ".join(process.cmdline()) else None
    except UNREADABLE:
        return None


def spawn(
    command: Sequence[str | Path],
    *,
    log: Path,
    folder: Path,
    env: Mapping[str, str],
    account: Account | None = None,
) -> subprocess.Popen[bytes]:
    """Start detached: own session and process group, no terminal, output to the log."""
    with log.open("ab") as output:
        return subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=dict(env),
            start_new_session=True,
            **(account.credentials() if account else {}),
        )


def wait_until(
    ready: Callable[[], bool],
    *,
    process: subprocess.Popen[bytes],
    name: str,
    log: Path,
    seconds: float,
) -> None:
    """Until it answers; a death or a time-out says so with the end of its log."""
    deadline = time.monotonic() + seconds
    while not ready():
        if process.poll() is not None:
            raise ServiceError(
                f"{name} stopped while starting (exit status {process.returncode}).\n{tail(log)}"
            )
        if time.monotonic() > deadline:
            raise ServiceError(f"{name} did not answer within {seconds:.0f} s.\n{tail(log)}")
        time.sleep(0.03)


def tail(log: Path, *, lines: int = 15) -> str:
    """The end of a log, indented, for an error message."""
    try:
        last = log.read_text(errors="replace").splitlines()[-lines:]
    except OSError:
        last = []
    return "\n".join([f"The end of {log}:", *(f"    {line}" for line in last)])


def marked(prefix: str) -> Iterator[psutil.Process]:
    """Every process that was started, or whose ancestor was, with this mark in its environment."""
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK, "").startswith(prefix) and process.pid != os.getpid():
                yield process
        except UNREADABLE:
            continue


def stop(
    processes: Sequence[psutil.Process], *, gentle: int = signal.SIGTERM, seconds: float = 15.0
) -> bool:
    """Ask, wait, then kill. Returns False when it had to kill."""
    for process in processes:
        _signal(process, gentle)
    left = _wait(processes, seconds=seconds)
    for process in left:
        _signal(process, signal.SIGKILL)
    stuck = _wait(left, seconds=5)
    if stuck:
        pids = ", ".join(str(process.pid) for process in stuck)
        raise ServiceError(f"These processes do not stop, even when killed: {pids}")
    return not left


def _signal(process: psutil.Process, number: int) -> None:
    try:
        process.send_signal(number)
    except GONE:
        return
    except psutil.AccessDenied as error:
        raise ServiceError(
            f"Process {process.pid} belongs to another user: stop it as that user."
        ) from error


def _wait(processes: Sequence[psutil.Process], *, seconds: float) -> list[psutil.Process]:
    deadline = time.monotonic() + seconds
    left = [process for process in processes if _runs(process)]
    while left and time.monotonic() < deadline:
        time.sleep(0.03)
        left = [process for process in left if _runs(process)]
    return left


def _runs(process: psutil.Process) -> bool:
    """A zombie has stopped: whether its parent has noticed is not our concern."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except GONE:
        return False
