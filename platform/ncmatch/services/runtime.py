"""runtime.json: what the running services are called, readable by their owner only."""

import contextlib
import fcntl
import json
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from ncmatch.services.errors import ServiceError
from ncmatch.services.folders import data_folder

FILE = "runtime.json"


@dataclass
class Runtime:
    """Kept between starts, so that ports, passwords and addresses stay the same."""

    database_url: str = ""
    redis_url: str = ""
    admin_url: str = ""
    server_folder: str = ""
    ports: dict[str, int] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, folder: Path) -> "Runtime":
        """An absent or broken file is an empty one: everything in it can be made again."""
        try:
            stored = json.loads((folder / FILE).read_text())
        except (FileNotFoundError, NotADirectoryError, json.JSONDecodeError):
            return cls()
        except PermissionError as error:
            raise ServiceError(
                f"{folder / FILE} belongs to another user. Run as that user, "
                "or set NCMATCH_DATA to a folder of your own."
            ) from error
        known = {one.name for one in fields(cls)}
        return cls(**{name: value for name, value in stored.items() if name in known})

    def save(self, folder: Path) -> None:
        """Replaced in one step, so that a reader never sees half a file."""
        descriptor, name = tempfile.mkstemp(dir=folder, prefix=f".{FILE}.")
        with os.fdopen(descriptor, "w") as file:
            json.dump(asdict(self), file, indent=2)
            file.write("\n")
        Path(name).replace(folder / FILE)


@contextlib.contextmanager
def exclusive(folder: Path, *, wait: float = 180.0) -> Iterator[None]:
    """One `up` or `down` at a time; the lock goes with the process that holds it."""
    with (folder / "lock").open("w") as file:
        deadline = time.monotonic() + wait
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise ServiceError(
                        f"Another start or stop has held {folder / 'lock'} for {wait:.0f} s."
                    ) from None
                time.sleep(0.05)
        yield


def addresses() -> tuple[str | None, str | None]:
    """(database, redis): from the environment, else what `services up` wrote, else None."""
    database, redis = os.environ.get("DATABASE_URL"), os.environ.get("REDIS_URL")
    if not (database and redis):
        stored = Runtime.load(data_folder())
        database = database or stored.database_url
        redis = redis or stored.redis_url
    return database or None, redis or None


def sandbox_url() -> str | None:
    """Where the simulated outside world listens; SANDBOX_URL replaces it."""
    given = os.environ.get("SANDBOX_URL")
    if given:
        return given
    port = Runtime.load(data_folder()).ports.get("sandbox")
    return f"http://127.0.0.1:{port}" if port else None


def web_port() -> int | None:
    """The port that pages are served on; PORT replaces it."""
    given = os.environ.get("PORT")
    return int(given) if given else Runtime.load(data_folder()).ports.get("web")


def sandbox_smtp_port() -> int | None:
    """Where the sandbox takes mail."""
    given = os.environ.get("SANDBOX_SMTP_PORT")
    return int(given) if given else Runtime.load(data_folder()).ports.get("sandbox_smtp")
