"""Real servers, really killed: nothing here is simulated."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
import redis

from ncmatch import services
from ncmatch.services.accounts import Account
from ncmatch.services.cluster import Cluster
from ncmatch.services.errors import ServiceError
from ncmatch.services.folders import ROOT
from ncmatch.services.homes import outside
from ncmatch.services.ports import choose, is_free
from ncmatch.services.processes import PidFile
from ncmatch.services.programs import Program
from ncmatch.services.stack import Stack

pytestmark = pytest.mark.processes

UNPRIVILEGED = 65_534  # nobody, on every Linux


@pytest.fixture
def data() -> Iterator[Path]:
    """Passable for others, so that the servers' user may enter it."""
    folder = Path(tempfile.mkdtemp(prefix="ncmatch-test-"))
    folder.chmod(0o755)
    yield folder / "data"
    Cluster(folder / "data").destroy()
    shutil.rmtree(folder, ignore_errors=True)


def ask(url: str, query: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(query).fetchone()
        return row[0] if row else None


def do(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


def store(url: str, key: str, value: str) -> None:
    redis.Redis.from_url(url).set(key, value)


def stored(url: str, key: str) -> object:
    return redis.Redis.from_url(url, decode_responses=True).get(key)


def kill(process: object) -> None:
    pid = getattr(process, "pid", None)
    assert isinstance(pid, int)
    os.kill(pid, signal.SIGKILL)
    until(lambda: not is_running(pid))


def until(true: Callable[[], bool], *, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "did not come true"
        time.sleep(0.02)


def test_both_start_with_the_promised_settings_and_keep_their_addresses(data: Path) -> None:
    cluster = Cluster(data)
    first = cluster.up()
    settings = {
        "server_version_num": "18",
        "server_encoding": "UTF8",
        "max_locks_per_transaction": "1024",
        "max_connections": "200",
        "fsync": "on",
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "password_encryption": "scram-sha-256",
    }
    for name, value in settings.items():
        found = ask(cluster.runtime().admin_url, f"SELECT current_setting('{name}')")
        assert str(found).startswith(value), name
    locale = "SELECT concat_ws(' ', datlocprovider, datlocale, datctype) FROM pg_database"
    assert ask(first.database_url, f"{locale} WHERE datname = 'ncmatch'") == "b C.UTF-8 C.UTF-8"
    assert stat.S_IMODE((data / "runtime.json").stat().st_mode) == 0o600

    assert cluster.up() == first
    cluster.down()
    assert cluster.up() == first


def test_the_applications_log_in_is_no_superuser_but_makes_roles_and_databases(data: Path) -> None:
    urls = Cluster(data).up()
    who = "SELECT (rolsuper, rolbypassrls, rolcreaterole, rolcreatedb)::text FROM pg_roles"
    assert ask(urls.database_url, f"{who} WHERE rolname = current_user") == "(f,f,t,t)"


def test_chinese_has_trigrams(data: Path) -> None:
    urls = Cluster(data).up()
    do(urls.database_url, "CREATE EXTENSION pg_trgm")
    assert ask(urls.database_url, "SELECT cardinality(show_trgm('算力搬运'))") != 0


def test_a_wrong_password_is_refused_by_both(data: Path) -> None:
    urls = Cluster(data).up()
    runtime = Cluster(data).runtime()
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        ask(urls.database_url.replace(runtime.passwords["ncmatch"], "guess"), "SELECT 1")
    with pytest.raises(redis.AuthenticationError):
        store(urls.redis_url.replace(runtime.passwords["valkey"], "guess"), "key", "value")


def test_after_kill_9_of_both_everything_committed_is_still_there(data: Path) -> None:
    cluster = Cluster(data)
    urls = cluster.up()
    do(urls.database_url, "CREATE TABLE kept AS SELECT 42 AS answer")
    store(urls.redis_url, "answer", "42")
    time.sleep(1.2)  # appendfsync everysec
    kill(cluster.postgres(cluster.home()).process())
    kill(cluster.valkey(cluster.home()).process())

    assert cluster.up() == urls
    assert ask(urls.database_url, "SELECT answer FROM kept") == 42
    assert stored(urls.redis_url, "answer") == "42"


def test_a_killed_postmaster_whose_children_live_on_is_replaced_safely(data: Path) -> None:
    cluster = Cluster(data)
    urls = cluster.up()
    with psycopg.connect(urls.database_url, autocommit=True) as held:
        backend = held.info.backend_pid
        os.kill(backend, signal.SIGSTOP)  # it cannot notice that its postmaster is gone
        kill(cluster.postgres(cluster.home()).process())
        cluster.up()
        until(lambda: not is_running(backend))
    assert ask(urls.database_url, "SELECT 1") == 1


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_a_pid_given_to_a_stranger_is_not_mistaken_for_the_server(data: Path) -> None:
    cluster = Cluster(data)
    urls = cluster.up()
    home = cluster.home()
    kill(cluster.postgres(home).process())
    kill(cluster.valkey(home).process())
    with subprocess.Popen(["sleep", "60"]) as stranger:
        pid_file = home / "postgres" / "postmaster.pid"
        lines = pid_file.read_text().splitlines()
        pid_file.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
        (data / "pids" / "valkey.json").write_text(f'{{"pid": {stranger.pid}, "started": 1}}')
        assert cluster.postgres(home).process() is None
        assert cluster.valkey(home).process() is None

        assert cluster.up() == urls
        assert stranger.poll() is None
        cluster.down()
        assert stranger.poll() is None
        stranger.kill()


def test_four_starts_at_once_start_one_of_each(data: Path) -> None:
    command = [sys.executable, "-m", "ncmatch.services", "up"]
    env = {**os.environ, "NCMATCH_DATA": str(data), "PYTHONPATH": str(ROOT / "platform")}
    env.pop("DATABASE_URL", None)
    env.pop("REDIS_URL", None)

    def start(_: int) -> str:
        return subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout

    with ThreadPoolExecutor(max_workers=4) as pool:
        said = "".join(pool.map(start, range(4)))
    assert said.count("started") == 2
    assert said.count("running") == 6


def test_a_port_that_was_taken_meanwhile_is_given_up(data: Path) -> None:
    cluster = Cluster(data)
    first = cluster.up()
    port = cluster.runtime().ports["postgres"]
    cluster.down()
    with subprocess.Popen(
        [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"],
        stderr=subprocess.DEVNULL,
    ) as squatter:
        until(lambda: not is_free(port))
        second = cluster.up()
        squatter.kill()
    assert second.database_url != first.database_url
    assert ask(second.database_url, "SELECT 1") == 1


def test_a_lost_runtime_file_loses_no_data(data: Path) -> None:
    cluster = Cluster(data)
    urls = cluster.up()
    do(urls.database_url, "CREATE TABLE kept AS SELECT 42 AS answer")
    (data / "runtime.json").unlink()
    urls = cluster.up()
    assert ask(urls.database_url, "SELECT answer FROM kept") == 42

    cluster.down()
    (data / "runtime.json").write_text("{ half a fi")
    urls = cluster.up()
    assert ask(urls.database_url, "SELECT answer FROM kept") == 42
    store(urls.redis_url, "key", "value")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands the servers to another user")
def test_as_root_under_a_folder_that_nobody_else_may_enter(tmp_path: Path) -> None:
    (tmp_path / "private").mkdir(mode=0o700)
    data = tmp_path / "private" / "data"
    cluster = Cluster(data)
    elsewhere = outside(data)[0]
    try:
        urls = cluster.up()
        do(urls.database_url, "CREATE TABLE kept AS SELECT 42 AS answer")
        assert cluster.runtime().server_folder == str(elsewhere)
        assert (elsewhere / "postgres" / "PG_VERSION").exists()
        cluster.down()
        urls = cluster.up()
        assert ask(urls.database_url, "SELECT answer FROM kept") == 42

        # Removing the data folder is how a person starts afresh.
        shutil.rmtree(data)
        urls = cluster.up()
        assert ask(urls.database_url, "SELECT to_regclass('kept')::text") is None
    finally:
        cluster.destroy()
    assert not elsewhere.exists()


def test_with_binaries_that_the_servers_user_may_not_read(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Account, "can_run", lambda self, binary: False)
    cluster = Cluster(data)
    urls = cluster.up()
    assert ask(urls.database_url, "SELECT 1") == 1
    store(urls.redis_url, "key", "value")
    running = [cluster.postgres(data).process(), cluster.valkey(data).process()]
    assert all(process and process.exe().startswith(f"{data}/binaries/") for process in running)


@pytest.mark.skipif(os.geteuid() != 0, reason="this run is an ordinary user's already")
def test_as_an_ordinary_user() -> None:
    python = interpreter_for_everybody()
    if python is None:
        pytest.skip("this checkout or its Python is not readable by an ordinary user")
    with tempfile.TemporaryDirectory(prefix="ncmatch-user-") as home:
        os.chown(home, UNPRIVILEGED, UNPRIVILEGED)
        env = {
            "NCMATCH_DATA": f"{home}/data",
            "HOME": home,
            "PATH": os.environ["PATH"],
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "platform"), site_packages()]),
        }

        def services(*words: str) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [python, "-m", "ncmatch.services", *words],
                env=env,
                cwd="/",
                user=UNPRIVILEGED,
                group=UNPRIVILEGED,
                extra_groups=[],
                check=False,
                capture_output=True,
                text=True,
            )

        try:
            up = services("up")
            assert up.returncode == 0, up.stderr
            assert services("status").returncode == 0
            again = services("up")
            assert again.stdout.count("running") == 2
        finally:
            down = services("down")
        assert down.returncode == 0, down.stderr
        assert services("status").returncode == 3


def interpreter_for_everybody() -> str | None:
    for python in (sys.executable, "/usr/bin/python3"):
        found = subprocess.run(
            ["/bin/sh", "-c", '"$0" -c "import sys; print(*sys.version_info[:2])"', python],
            user=UNPRIVILEGED,
            group=UNPRIVILEGED,
            extra_groups=[],
            cwd="/",
            check=False,
            capture_output=True,
            text=True,
        )
        readable = subprocess.run(
            ["/bin/sh", "-c", 'test -r "$0" && test -r "$1"', __file__, site_packages()],
            user=UNPRIVILEGED,
            group=UNPRIVILEGED,
            extra_groups=[],
            cwd="/",
            check=False,
        )
        if readable.returncode == 0 and found.stdout.split() == [*map(str, sys.version_info[:2])]:
            return python
    return None


def site_packages() -> str:
    return str(Path(psycopg.__file__).parent.parent)


def test_a_folder_of_somebody_else_is_refused_in_a_plain_sentence(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data.mkdir()

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(ServiceError, match="cannot be written by this user"):
        Cluster(data).prepare_folder()


def test_the_environment_replaces_what_is_embedded(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NCMATCH_DATA", str(data))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)
    assert services.addresses() == (None, None)
    urls = Cluster(data).up()
    assert services.addresses() == urls

    monkeypatch.setenv("DATABASE_URL", "postgresql://somewhere/else")
    assert services.addresses() == ("postgresql://somewhere/else", urls.redis_url)
    Cluster(data).down()
    said: list[str] = []
    Stack(say=said.append).up()
    assert "DATABASE_URL" in said[0]
    states = {row.name: row.state for row in Stack(say=said.append).status()}
    assert states["PostgreSQL"] == "given"
    assert states["Valkey"] == "running"
    assert Cluster(data).postgres(data).process() is None


PROGRAM = """
import http.server, os, sys, time
if os.fork() == 0:
    while True:
        time.sleep(1)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


@pytest.fixture
def program(data: Path) -> Iterator[Program]:
    for name in ("logs", "pids", "code"):
        (data / name).mkdir(parents=True)
    (data / "code" / "some_program.py").write_text(PROGRAM)
    port = choose(taken=set())
    made = Program(
        name="web",
        title="Some program",
        command=(sys.executable, "-m", "some_program", str(port)),
        env={"PYTHONPATH": str(data / "code")},
        data=data,
        address="",
        port=port,
    )
    yield made
    made.stop()


def family(program: Program) -> list[int]:
    listed = subprocess.run(
        ["pgrep", "-f", f"some_program {program.port}"],
        check=False,
        capture_output=True,
        text=True,
    )
    return [int(pid) for pid in listed.stdout.split() if is_running(int(pid))]


def test_a_killed_program_is_started_again_and_its_orphans_are_ended(program: Program) -> None:
    program.start()
    assert program.is_current()
    before = family(program)
    assert len(before) == 2
    kill(program.process())
    until(lambda: program.process() is None)
    assert not program.is_current()
    assert len(family(program)) == 1

    program.start()
    after = family(program)
    assert len(after) == 2
    assert not set(before) & set(after)
    program.stop()
    assert family(program) == []
    assert program.process() is None


def test_a_program_started_with_other_addresses_is_not_current(program: Program) -> None:
    program.start()
    other = Program(**{**vars(program), "env": {**program.env, "DATABASE_URL": "elsewhere"}})
    assert not other.is_current()
    assert other.process() is not None


def test_a_program_that_dies_at_once_says_why(program: Program) -> None:
    broken = Program(**{**vars(program), "command": (sys.executable, "-m", "no_such_module")})
    with pytest.raises(ServiceError, match="No module named no_such_module"):
        broken.start()


def test_a_pid_file_recognises_only_the_process_it_was_written_for(tmp_path: Path) -> None:
    pid_file = PidFile(tmp_path / "one.json")
    assert pid_file.process(mark="sleep") is None
    (tmp_path / "one.json").write_text(f'{{"pid": {os.getpid()}, "started": 1.0}}')
    assert pid_file.process(mark="") is None


def test_a_server_that_replays_its_log_is_waited_for(data: Path) -> None:
    """A backend died: the postmaster lives on and lets nobody in until it has recovered."""
    cluster = Cluster(data)
    urls = cluster.up()
    for _ in range(3):
        with psycopg.connect(urls.database_url, autocommit=True) as held:
            os.kill(held.info.backend_pid, signal.SIGKILL)
            assert cluster.up() == urls
    assert ask(urls.database_url, "SELECT 1") == 1
