"""Everything that a demo needs, up and down: servers, then our own processes."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ncmatch.services import ports
from ncmatch.services.cluster import Cluster, rotate
from ncmatch.services.errors import ServiceError
from ncmatch.services.folders import data_folder
from ncmatch.services.programs import Program, programs
from ncmatch.services.runtime import Runtime, exclusive
from ncmatch.services.steps import Say, step

WEB_PORT = 8000


@dataclass(frozen=True)
class Row:
    """One line of `status`."""

    name: str
    state: str
    pid: int | None
    address: str
    log: Path | None
    needed: bool


class Stack:
    """The servers and programs of one data folder, or those that the environment names."""

    def __init__(self, *, say: Say, data: Path | None = None) -> None:
        self.say = say
        self.cluster = Cluster(data or data_folder(), say=say)
        self.data = self.cluster.data
        self.given = {
            "PostgreSQL": os.environ.get("DATABASE_URL", ""),
            "Valkey": os.environ.get("REDIS_URL", ""),
        }

    def up(self, *, app: bool = False) -> None:
        """Start what does not run; with `app` also our own processes."""
        self.cluster.prepare_folder()
        with exclusive(self.data):
            if self._is_ours("PostgreSQL"):
                self.cluster.start_postgres()
            if self._is_ours("Valkey"):
                self.cluster.start_valkey()
            self._reserve_ports()
            if app:
                for program in self._programs():
                    self._start(program)

    def down(self, *, only_app: bool = False) -> None:
        """Stop in the other order; what does not run is no error."""
        if not self.data.is_dir():
            self.say("  Nothing was ever started here.")
            return
        with exclusive(self.data):
            for program in reversed(self._programs()):
                with step(program.title, self.say) as said:
                    said.outcome = "stopped" if program.process() else "not running"
                    program.stop()
            if not only_app:
                self.cluster.stop_valkey()
                self.cluster.stop_postgres()

    def destroy(self) -> None:
        """Stop all, and remove the data folder with everything in it."""
        self.down()
        self.cluster.destroy()

    def status(self, *, app: bool = False) -> list[Row]:
        """What runs, without changing anything."""
        runtime = self.cluster.runtime()
        rows = []
        home = self.cluster.home()
        for name, server, port in (
            ("PostgreSQL", self.cluster.postgres(home), runtime.ports.get("postgres")),
            ("Valkey", self.cluster.valkey(home), runtime.ports.get("valkey")),
        ):
            if self.given[name]:
                rows.append(Row(name, "given", None, "by the environment", None, needed=False))
                continue
            process = server.process()
            runs = process is not None and port is not None and ports.answers(port)
            state = "running" if runs else "not answering" if process else "stopped"
            pid = process.pid if process else None
            rows.append(Row(name, state, pid, f"127.0.0.1:{port or '?'}", server.log, needed=True))
        for program in self._programs():
            process = program.process()
            state = "stopped"
            if process is not None:
                state = "running" if program.answers() else "not answering"
            pid = process.pid if process else None
            rows.append(Row(program.title, state, pid, program.address, program.log, needed=app))
        return rows

    def _is_ours(self, name: str) -> bool:
        if self.given[name]:
            variable = "DATABASE_URL" if name == "PostgreSQL" else "REDIS_URL"
            self.say(f"  {name:<20} {'given':<12}            by {variable}, nothing is started")
            return False
        return True

    def _reserve_ports(self) -> None:
        """Chosen before anything listens, because seeds and settings name them."""
        runtime = self.cluster.runtime()
        running = {program.name for program in self._programs() if program.process()}
        for program in self._programs():
            if program.name not in running:
                program.stop()  # the children of a killed one would still hold its port
        given = os.environ.get("PORT")
        for name, preferred in (("web", WEB_PORT), ("sandbox", None), ("sandbox_smtp", None)):
            owner = "sandbox" if name.startswith("sandbox") else name
            if name == "web" and given:
                runtime.ports["web"] = int(given)
            elif name not in runtime.ports or owner not in running:
                wanted = runtime.ports.get(name, preferred)
                taken = {port for other, port in runtime.ports.items() if other != name}
                runtime.ports[name] = ports.choose(preferred=wanted, taken=taken)
        runtime.save(self.data)

    def _start(self, program: Program) -> None:
        with step(program.title, self.say) as said:
            said.detail = program.address
            if program.is_current() and program.answers():
                said.outcome = "running"
                return
            said.outcome = "restarted" if program.process() else "started"
            rotate(program.log)
            program.stop()
            if program.port is not None and ports.answers(program.port):
                raise ServiceError(
                    f"Port {program.port} is taken by another process, so {program.title} cannot "
                    "use it. Stop that one, or set PORT."
                )
            program.start()

    def _programs(self) -> Sequence[Program]:
        runtime = self.cluster.runtime()
        return programs(
            data=self.data,
            database_url=self.given["PostgreSQL"] or runtime.database_url,
            redis_url=self.given["Valkey"] or runtime.redis_url,
            ports={"web": 0, "sandbox": 0, "sandbox_smtp": 0, **_app_ports(runtime)},
        )


def _app_ports(runtime: Runtime) -> dict[str, int]:
    given = os.environ.get("PORT")
    return {**runtime.ports, **({"web": int(given)} if given else {})}


def table(rows: Sequence[Row]) -> str:
    """For a terminal."""
    lines = [("service", "state", "pid", "address", "log")]
    for row in rows:
        pid = str(row.pid) if row.pid else "-"
        lines.append((row.name, row.state, pid, row.address or "-", str(row.log or "-")))
    widths = [max(len(line[column]) for line in lines) for column in range(5)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def is_up(rows: Sequence[Row]) -> bool:
    """Whether all that is asked for runs."""
    return all(row.state == "running" for row in rows if row.needed)
