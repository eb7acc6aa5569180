"""The embedded Valkey: broker, cache and locks; keeps an append-only file."""

import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil

from ncmatch.services.accounts import Account
from ncmatch.services.processes import PidFile, spawn, stop, wait_until

State = Literal["ready", "busy", "refused", "silent"]

CONFIGURATION = """\
# Written at every start; change it in ncmatch/services/valkey.py.
bind 127.0.0.1
port {port}
requirepass {password}
dir {folder}
appendonly yes
appendfsync everysec
save ""
# A queue must never lose entries to make room.
maxmemory-policy noeviction
daemonize no
# The command line is how a running server is recognised: leave it alone.
set-proc-title no
"""


@dataclass(frozen=True)
class Valkey:
    """One server with its files in `folder`, run by `account`."""

    folder: Path
    log: Path
    pid_file: PidFile
    account: Account

    def process(self) -> psutil.Process | None:
        return self.pid_file.process(mark=str(self.configuration))

    @property
    def configuration(self) -> Path:
        return self.folder / "valkey.conf"

    def start(self, *, binary: Path, port: int, password: str) -> None:
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self.account.own(self.folder)
        self.end_strays()
        self.configuration.unlink(missing_ok=True)
        self.configuration.touch(mode=0o600)
        self.configuration.write_text(
            CONFIGURATION.format(port=port, password=password, folder=self.folder)
        )
        self.account.own(self.configuration)
        started = spawn(
            [binary, self.configuration],
            log=self.log,
            folder=self.folder,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
            account=self.account,
        )
        self.pid_file.write(psutil.Process(started.pid))
        wait_until(
            lambda: state(port=port, password=password) == "ready",
            process=started,
            name="Valkey",
            log=self.log,
            seconds=60,
        )

    def stop(self) -> None:
        process = self.process()
        if process is not None:
            stop([process])
        self.pid_file.remove()

    def end_strays(self) -> None:
        """Servers of this very folder whose pid file was lost."""
        found = []
        for process in psutil.process_iter():
            try:
                if str(self.configuration) in process.cmdline():
                    found.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        stop(found)


def url(*, port: int, password: str) -> str:
    return f"redis://:{password}@127.0.0.1:{port}/0"


def state(*, port: int, password: str) -> State:
    """How the server answers: `busy` while it reads its file, `refused` to a wrong password.

    Three lines of its protocol, so that nothing but a socket is needed to start a server.
    """
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            with connection.makefile("rb") as answers:
                return _meaning(answers.readline(), answers.readline())
    except OSError:
        return "silent"


def _meaning(to_password: bytes, to_ping: bytes) -> State:
    if to_password.startswith(b"-WRONGPASS"):
        return "refused"
    if b"-LOADING" in (to_password[:8], to_ping[:8]):
        return "busy"
    return "ready" if to_ping.startswith(b"+PONG") else "silent"
