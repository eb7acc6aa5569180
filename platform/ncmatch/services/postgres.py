"""The embedded PostgreSQL: made once, started on a kept port, safe after a kill -9."""

import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from ncmatch.services.accounts import Account
from ncmatch.services.errors import ServiceError
from ncmatch.services.processes import alive, spawn, stop, wait_until
from shared_apps.kernel import hardening

SUPERUSER = "postgres"
OWNER = "ncmatch"
DATABASE = "ncmatch"
RECOVERY_SECONDS = 180

CONFIGURATION = """\
# Written at every start; change it in ncmatch/services/postgres.py.
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
max_connections = 200
# A schema per distributor: a dump or a migration of the whole fleet locks every table of each.
max_locks_per_transaction = 1024
shared_preload_libraries = 'pg_stat_statements'
fsync = on
shared_buffers = 256MB
max_wal_size = 2GB
random_page_cost = 1.1
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %q%u@%d '
"""

ACCESS = """\
# Passwords only, and from this machine only.
host all         all 127.0.0.1/32 scram-sha-256
host replication all 127.0.0.1/32 scram-sha-256
"""


@dataclass(frozen=True)
class Postgres:
    """One database cluster in `folder`, run by `account`."""

    folder: Path
    log: Path
    account: Account

    def process(self) -> psutil.Process | None:
        """The server of this very folder, if it runs."""
        pid = self._written_pid()
        return alive(pid, mark=self._mark) if pid else None

    def port(self) -> int | None:
        """The port that the running server took."""
        lines = self._pid_lines()
        return int(lines[3]) if len(lines) > 3 and lines[3].strip().isdigit() else None

    def start(self, *, tree: Path, port: int, password: str) -> None:
        """Start and wait until it lets us in; makes the cluster the first time."""
        if not (self.folder / "PG_VERSION").exists():
            self._create(tree=tree, password=password)
        self._clear_after_a_crash()
        configuration = self.folder / "ncmatch.conf"
        configuration.write_text(CONFIGURATION.format(port=port))
        self.account.own(configuration)
        started = spawn(
            [tree / "bin" / "postgres", "-D", self.folder],
            log=self.log,
            folder=self.folder,
            env=self._environment(),
            account=self.account,
        )
        url = admin_url(port=port, password=password)
        # Replaying the log after a crash can take a while.
        wait_until(
            lambda: _lets_in(url),
            process=started,
            name="PostgreSQL",
            log=self.log,
            seconds=RECOVERY_SECONDS,
        )

    def stop(self) -> None:
        """Fast shutdown: roll back what is open, checkpoint, leave."""
        process = self.process()
        if process is not None:
            stop([process], gentle=signal.SIGINT, seconds=60)

    def reset_password(self, *, tree: Path, password: str) -> None:
        """For when runtime.json was lost: set it in single-user mode, the server being down."""
        self._clear_after_a_crash()
        done = subprocess.run(
            [str(tree / "bin" / "postgres"), "--single", "-D", str(self.folder), "postgres"],
            input=f"ALTER ROLE {SUPERUSER} PASSWORD '{password}'\n",
            text=True,
            cwd=self.folder,
            env=self._environment(),
            check=False,
            capture_output=True,
            **self.account.credentials(),
        )
        if done.returncode != 0:
            raise ServiceError(f"The database's password could not be set.\n{done.stderr.strip()}")

    def _create(self, *, tree: Path, password: str) -> None:
        """Aside, then renamed: a half-made cluster never gets the name of a whole one."""
        parent = self.folder.parent
        for leftover in parent.glob(f".{self.folder.name}-new-*"):
            shutil.rmtree(leftover)
        work = Path(tempfile.mkdtemp(dir=parent, prefix=f".{self.folder.name}-new-"))
        self.account.own(work)
        secret = work / "password"
        secret.touch(mode=0o600)
        secret.write_text(password + "\n")
        self.account.own(secret)
        made = work / "cluster"
        done = subprocess.run(
            [
                str(tree / "bin" / "initdb"),
                f"--pgdata={made}",
                f"--username={SUPERUSER}",
                f"--pwfile={secret}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                # Without it LC_CTYPE is C, and pg_trgm finds no trigrams in Chinese.
                "--locale=C.UTF-8",
                "--no-instructions",
            ],
            text=True,
            cwd=work,
            env=self._environment(),
            check=False,
            capture_output=True,
            **self.account.credentials(),
        )
        if done.returncode != 0:
            raise ServiceError(
                f"initdb could not make the database in {parent}.\n{done.stderr.strip()}"
            )
        with (made / "postgresql.conf").open("a") as file:
            file.write("\ninclude 'ncmatch.conf'\n")
        (made / "pg_hba.conf").write_text(ACCESS)
        made.rename(self.folder)
        shutil.rmtree(work)

    def _clear_after_a_crash(self) -> None:
        """Wait out or end the children of a killed postmaster, then drop its misleading pid file.

        PostgreSQL removes a stale postmaster.pid by itself, but not when the pid has
        been given to a stranger since. It must only go once no backend is left: two
        servers on the same files would destroy them.
        """
        if self.process() is not None:
            raise ServiceError(f"PostgreSQL already runs in {self.folder}.")
        self.end_orphans()
        (self.folder / "postmaster.pid").unlink(missing_ok=True)

    def end_orphans(self) -> None:
        """Immediate shutdown of whatever still has this folder open: recovery does the rest."""
        orphans = [process for process in psutil.process_iter() if self._is_orphan(process)]
        stop(orphans, gentle=signal.SIGQUIT, seconds=3)

    def _is_orphan(self, process: psutil.Process) -> bool:
        try:
            if process.name() != "postgres" or process.status() == psutil.STATUS_ZOMBIE:
                return False
            # "(deleted)": the data folder was removed under a running server.
            folder = process.cwd().removesuffix(" (deleted)")
            return folder == str(self.folder) or self._mark in " ".join(process.cmdline())
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return False

    def _pid_lines(self) -> list[str]:
        try:
            return (self.folder / "postmaster.pid").read_text().splitlines()
        except OSError:
            return []

    def _written_pid(self) -> int | None:
        lines = self._pid_lines()
        return int(lines[0]) if lines and lines[0].strip().isdigit() else None

    @property
    def _mark(self) -> str:
        return f"postgres -D {self.folder}"

    def _environment(self) -> dict[str, str]:
        """Nothing of ours: PG* and LC_* variables would change what the server does."""
        return {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": str(self.folder.parent)}


def new_password() -> str:
    return secrets.token_urlsafe(24)


def admin_url(*, port: int, password: str) -> str:
    """The superuser: for backups and set-up, never for requests."""
    return f"postgresql://{SUPERUSER}:{password}@127.0.0.1:{port}/postgres"


def owner_url(*, port: int, password: str) -> str:
    """The application's log-in: owns the database, makes roles and schemas, no superuser."""
    return f"postgresql://{OWNER}:{password}@127.0.0.1:{port}/{DATABASE}"


class WrongPassword(ServiceError):
    """The server runs, but not with the password that we know."""


def _lets_in(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.OperationalError as error:
        if "password authentication failed" in str(error):
            raise WrongPassword("PostgreSQL runs with another password.") from error
        return False
    return True


def prepare(*, port: int, password: str, owner_password: str) -> str:
    """The application's role and database, hardened; safe to repeat. Returns the server's version."""
    url = admin_url(port=port, password=password)
    # After a backend was killed the server replays its log, and lets nobody in meanwhile.
    deadline = time.monotonic() + RECOVERY_SECONDS
    while not _lets_in(url):
        if time.monotonic() > deadline:
            raise ServiceError(f"PostgreSQL runs, but does not answer on port {port}.")
        time.sleep(0.1)
    with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
        exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [OWNER]).fetchone()
        connection.execute(
            sql.SQL("{} ROLE {} LOGIN NOSUPERUSER CREATEDB CREATEROLE PASSWORD {}").format(
                sql.SQL("ALTER" if exists else "CREATE"),
                sql.Identifier(OWNER),
                sql.Literal(owner_password),
            )
        )
        _harden(url, "template1")  # and so every database that is made from now on
        if not connection.execute(
            "SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]
        ).fetchone():
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(
                    sql.Identifier(DATABASE), sql.Identifier(OWNER)
                )
            )
            inside = url.rpartition("/")[0] + f"/{DATABASE}"
            with psycopg.connect(inside, autocommit=True) as second:
                second.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        _harden(url, DATABASE)
        row = connection.execute("SHOW server_version").fetchone()
    return str(row[0]) if row else ""


def _harden(url: str, database: str) -> None:
    with psycopg.connect(f"{url.rpartition('/')[0]}/{database}", autocommit=True) as link:
        for statement in hardening.statements(OWNER):
            link.execute(statement)
