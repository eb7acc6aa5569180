"""A PostgreSQL and a Valkey that belong to one data folder."""

import shutil
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from ncmatch.services import ports, postgres, valkey
from ncmatch.services.accounts import Account
from ncmatch.services.errors import ServiceError
from ncmatch.services.homes import binaries, outside, server_folder
from ncmatch.services.postgres import Postgres, WrongPassword, new_password
from ncmatch.services.processes import PidFile
from ncmatch.services.runtime import Runtime, exclusive
from ncmatch.services.steps import Say, silent, step
from ncmatch.services.valkey import Valkey

MAX_LOG = 20_000_000


class Addresses(NamedTuple):
    database_url: str
    redis_url: str


class Cluster:
    """Every method is safe to repeat, and waits for another process's `up` or `down`."""

    def __init__(self, data: Path, *, say: Say = silent) -> None:
        self.data = data
        self.say = say

    def up(self) -> Addresses:
        """Start what does not run; returns where to reach both."""
        self.prepare_folder()
        with exclusive(self.data):
            self.start_postgres()
            self.start_valkey()
            runtime = self.runtime()
        return Addresses(runtime.database_url, runtime.redis_url)

    def down(self) -> None:
        """Stop both."""
        if not self.data.is_dir():
            return
        with exclusive(self.data):
            self.stop_valkey()
            self.stop_postgres()

    def destroy(self) -> None:
        """Stop both and remove everything they kept, also outside the data folder."""
        self.down()
        for folder in {self.home(), self.data}:
            shutil.rmtree(folder, ignore_errors=True)

    def runtime(self) -> Runtime:
        return Runtime.load(self.data)

    def prepare_folder(self) -> None:
        """Make the data folder; others may pass through it, but list or read nothing."""
        try:
            if not self.data.exists():
                self._forget_outside()
            self.data.mkdir(parents=True, exist_ok=True)
            if self.account.switched:
                self.data.chmod(0o711)
            for name in ("logs", "pids"):
                (self.data / name).mkdir(mode=0o700, exist_ok=True)
        except PermissionError as error:
            raise ServiceError(
                f"{self.data} cannot be written by this user. Run as the user who made it, "
                "or set NCMATCH_DATA to a folder of your own."
            ) from error

    def start_postgres(self) -> None:
        with step("PostgreSQL", self.say) as said:
            runtime = self.runtime()
            folder = server_folder(self.data, account=self.account)
            server = self.postgres(folder)
            password = runtime.passwords.setdefault("postgres", new_password())
            owner = runtime.passwords.setdefault("ncmatch", new_password())
            running = server.process() is not None
            if not running:
                server.end_orphans()  # they would still hold the port
            port = (server.port() if running else None) or self.port(runtime, "postgres")
            runtime.server_folder = "" if folder == self.data else str(folder)
            runtime.ports["postgres"] = port
            runtime.admin_url = postgres.admin_url(port=port, password=password)
            runtime.database_url = postgres.owner_url(port=port, password=owner)
            runtime.save(self.data)
            if not running:
                rotate(server.log)
                self._start_postgres(server, port=port, password=password)
            said.outcome = "running" if running else "started"
            try:
                version = postgres.prepare(port=port, password=password, owner_password=owner)
            except WrongPassword:
                self._start_postgres(server, port=port, password=password, reset=True)
                version = postgres.prepare(port=port, password=password, owner_password=owner)
                said.outcome = "restarted"
            said.detail = f"127.0.0.1:{port}, version {version}"

    def start_valkey(self) -> None:
        with step("Valkey", self.say) as said:
            runtime = self.runtime()
            folder = server_folder(self.data, account=self.account)
            server = self.valkey(folder)
            password = runtime.passwords.setdefault("valkey", new_password())
            port = self.port(runtime, "valkey", own=server.process() is not None)
            address = valkey.url(port=port, password=password)
            runtime.server_folder = "" if folder == self.data else str(folder)
            runtime.redis_url = address
            runtime.save(self.data)
            said.outcome, said.detail = "running", f"127.0.0.1:{port}"
            if server.process() is None or valkey.state(port=port, password=password) in (
                "refused",
                "silent",
            ):
                rotate(server.log)
                server.stop()
                tools = binaries(folder, account=self.account)
                server.start(binary=tools.valkey, port=port, password=password)
                said.outcome = "started"

    def stop_postgres(self) -> None:
        with step("PostgreSQL", self.say) as said:
            server = self.postgres(self.home())
            said.outcome = "stopped" if server.process() else "not running"
            server.stop()

    def stop_valkey(self) -> None:
        with step("Valkey", self.say) as said:
            server = self.valkey(self.home())
            said.outcome = "stopped" if server.process() else "not running"
            server.stop()

    def port(self, runtime: Runtime, name: str, *, own: bool = False) -> int:
        """The kept port, or another when somebody else has taken it meanwhile."""
        kept = runtime.ports.get(name)
        if kept is not None and own:
            return kept
        taken = {port for other, port in runtime.ports.items() if other != name}
        runtime.ports[name] = ports.choose(preferred=kept, taken=taken)
        return runtime.ports[name]

    def home(self) -> Path:
        """Where the servers' files are, as the last start chose it."""
        chosen = Path(self.runtime().server_folder)
        # A copied checkout brings along a runtime.json that speaks of the original's servers.
        return chosen if chosen in outside(self.data) else self.data

    def postgres(self, home: Path) -> Postgres:
        return Postgres(
            folder=home / "postgres",
            log=self.data / "logs" / "postgres.log",
            account=self.account,
        )

    def valkey(self, home: Path) -> Valkey:
        return Valkey(
            folder=home / "valkey",
            log=self.data / "logs" / "valkey.log",
            pid_file=PidFile(self.data / "pids" / "valkey.json"),
            account=self.account,
        )

    @cached_property
    def account(self) -> Account:
        return Account.choose()

    def _forget_outside(self) -> None:
        """Somebody removed the data folder: what it kept elsewhere goes with it."""
        for folder in outside(self.data):
            if folder.is_dir():
                self.postgres(folder).end_orphans()
                self.valkey(folder).end_strays()
                shutil.rmtree(folder, ignore_errors=True)

    def _start_postgres(
        self, server: Postgres, *, port: int, password: str, reset: bool = False
    ) -> None:
        """A password that is no longer known (runtime.json was lost) is set anew."""
        tree = binaries(server.folder.parent, account=self.account).postgres
        if reset:
            server.stop()
            server.reset_password(tree=tree, password=password)
        try:
            server.start(tree=tree, port=port, password=password)
        except WrongPassword:
            if reset:
                raise
            self._start_postgres(server, port=port, password=password, reset=True)


def rotate(log: Path) -> None:
    """A long log steps aside before a start, so that a demo left running fills no disk."""
    if log.exists() and log.stat().st_size > MAX_LOG:
        log.replace(log.with_suffix(".log.1"))
