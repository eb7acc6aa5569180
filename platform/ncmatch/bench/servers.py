"""The server program that serves all contenders alike."""

from __future__ import annotations

import http.client
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil

from ncmatch.bench.databases import environment
from ncmatch.services import ports
from ncmatch.services.folders import ROOT
from ncmatch.services.processes import spawn, stop, wait_until

# One worker with the threads of a real one: several would listen on one port, and the kernel would
# deal our few connections to them by chance, another hand to every contender.
WORKERS = 1
THREADS = 4
START_SECONDS = 60.0


@contextmanager
def serving(
    settings: str, *, env: Mapping[str, str], host: str, path: str, taken: set[int]
) -> Iterator[int]:
    """A server under these settings; yields its port once the path answers."""
    port = ports.choose(taken=taken)
    taken.add(port)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "server.log"
        process = spawn(
            (
                *(sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"),
                *(
                    "--port",
                    str(port),
                    "--workers",
                    str(WORKERS),
                    "--blocking-threads",
                    str(THREADS),
                ),
                *("--log-level", "warning", "ncmatch.wsgi:application"),
            ),
            log=log,
            folder=ROOT,
            env=environment({**env, "DJANGO_SETTINGS_MODULE": settings}),
        )
        leader = psutil.Process(process.pid)
        try:
            wait_until(
                lambda: _answers(port, host=host, path=path),
                process=process,
                name=settings,
                log=log,
                seconds=START_SECONDS,
            )
            yield port
        finally:
            workers = leader.children(recursive=True) if process.poll() is None else []
            stop([leader], seconds=5)
            stop(workers, seconds=2)
            process.wait()


def _answers(port: int, *, host: str, path: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path, headers={"Host": host})
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
