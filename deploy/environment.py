"""Makes what `make` needs: .venv from the lock, the pages' assets, the translations, localstripe.

Run by the machine's own python3, so it uses the standard library only. Each part is
stamped with what it was made from, and done again only when that has changed. It
names no package index: pip's and npm's own configuration says where packages are.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UV = ROOT / "deploy" / "uv.txt"
LOCK = ROOT / "deploy" / "requirements.txt"
LOCALSTRIPE = ROOT / ".build" / "localstripe"
LOCALSTRIPE_LOCK = ROOT / "deploy" / "localstripe.txt"
NODE_MODULES = ROOT / "node_modules"
VENDOR = ROOT / "platform" / "ncmatch" / "static" / "vendor"
ASSET_SOURCES = (
    ROOT / "package-lock.json",
    ROOT / "deploy" / "assets.mjs",
    ROOT / "deploy" / "icons.txt",
)


class SetupError(Exception):
    """Said to the person at the terminal as it stands."""


def main() -> int:
    parts: list[tuple[str, Callable[[], bool]]] = [
        ("Python packages", python_packages),
        ("page assets", page_assets),
        ("translations", translations),
        ("localstripe", localstripe),
    ]
    try:
        for name, make in parts:
            began = time.monotonic()
            outcome = "made" if make() else "up to date"
            print(f"  {name:<20} {outcome:<12} {time.monotonic() - began:6.2f} s", flush=True)
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def python_packages() -> bool:
    """.venv, exactly as the lock says. Returns whether anything had to be done."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    stamp, wanted = VENV / ".made-from", digest([UV, LOCK], version)
    if is_stamped(stamp, wanted) and works(PYTHON):
        return False
    if not works(PYTHON):
        make_venv()
    pip = [str(PYTHON), "-m", "pip"]
    run([*pip, "install", "-qq", "--require-hashes", "--requirement", str(UV)])
    sync = [str(PYTHON), "-m", "uv", "pip", "sync", "--quiet", "--require-hashes"]
    sync += ["--python", str(PYTHON), str(LOCK)]
    if subprocess.run(sync, cwd=ROOT, env=uv_environment(), check=False).returncode != 0:
        # uv reads no pip.conf; pip is slower and knows everything that this machine was told.
        print("  uv could not install the lock; pip tries, which takes longer.", flush=True)
        run([*pip, "install", "--quiet", "--require-hashes", "--requirement", str(LOCK)])
    stamp.write_text(wanted)
    return True


def localstripe() -> bool:
    """Somebody else's Stripe, for the tests to ask: a program of its own, in a folder of its own.

    It is under the GPL, so that nothing of ours may import it.
    """
    stamp, wanted = LOCALSTRIPE / ".made-from", digest([LOCALSTRIPE_LOCK], "")
    if is_stamped(stamp, wanted):
        return False
    shutil.rmtree(LOCALSTRIPE, ignore_errors=True)
    into = ["--target", str(LOCALSTRIPE), "--require-hashes"]
    sync = [str(PYTHON), "-m", "uv", "pip", "sync", "--quiet", "--python", str(PYTHON), *into]
    if (
        subprocess.run(
            [*sync, str(LOCALSTRIPE_LOCK)], cwd=ROOT, env=uv_environment(), check=False
        ).returncode
        != 0
    ):
        pip = [str(PYTHON), "-m", "pip", "install", "--quiet", *into]
        run([*pip, "--requirement", str(LOCALSTRIPE_LOCK)])
    stamp.write_text(wanted)
    return True


def make_venv() -> None:
    made = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", str(VENV)],
        text=True,
        capture_output=True,
        check=False,
    )
    if made.returncode == 0:
        return
    if "ensurepip" in made.stdout + made.stderr:
        raise SetupError(
            "This Python cannot make virtual environments with pip in them. "
            "On Debian and Ubuntu `apt-get install python3-venv` adds that."
        )
    raise SetupError(f"The virtual environment could not be made.\n{made.stdout}{made.stderr}")


def uv_environment() -> dict[str, str]:
    """Where pip would look, said in uv's words; what is set for uv already stays."""
    env = {"UV_INDEX_STRATEGY": "unsafe-best-match", **os.environ}
    told = {
        "UV_DEFAULT_INDEX": pip_setting("index-url"),
        "UV_INDEX": pip_setting("extra-index-url"),
        "UV_FIND_LINKS": pip_setting("find-links"),
        "SSL_CERT_FILE": pip_setting("cert"),
    }
    for name, value in told.items():
        if value:
            env.setdefault(name, value)
    return env


def pip_setting(name: str) -> str:
    """pip's own environment variable, else what its files say."""
    given = os.environ.get("PIP_" + name.upper().replace("-", "_"))
    if given:
        return given
    for section in ("install", "global"):
        asked = subprocess.run(
            [str(PYTHON), "-m", "pip", "config", "get", f"{section}.{name}"],
            text=True,
            capture_output=True,
            check=False,
        )
        if asked.returncode == 0:
            return " ".join(asked.stdout.split())
    return ""


def page_assets() -> bool:
    """node_modules from the lock, and the few files of it that pages use."""
    lock = ASSET_SOURCES[0]
    modules, wanted_modules = NODE_MODULES / ".made-from", digest([lock], "")
    assets, wanted_assets = VENDOR / ".made-from", digest(ASSET_SOURCES, "")
    if is_stamped(assets, wanted_assets):
        return False
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            raise SetupError(
                f"{tool} is not installed; the pages' assets need it (Node 20 or later)."
            )
    if not is_stamped(modules, wanted_modules):
        run(
            [
                "npm",
                "ci",
                "--ignore-scripts",
                "--no-audit",
                "--no-fund",
                "--loglevel=error",
                "--no-update-notifier",
            ]
        )
        modules.write_text(wanted_modules)
    run(["node", "deploy/assets.mjs"])
    assets.write_text(wanted_assets)
    return True


def translations() -> bool:
    """.mo files, where a .po file is newer."""
    sources = sorted(ROOT.glob("platform/ncmatch/locale/*/LC_MESSAGES/*.po"))
    stale = [source for source in sources if is_older(source.with_suffix(".mo"), source)]
    command = ROOT / "platform" / "ncmatch" / "management" / "commands" / "compile_translations.py"
    if not stale or not command.exists():
        return False
    run([str(PYTHON), "manage.py", "compile_translations"])
    return True


def is_older(made: Path, source: Path) -> bool:
    return not made.exists() or made.stat().st_mtime < source.stat().st_mtime


def is_stamped(stamp: Path, wanted: str) -> bool:
    return stamp.exists() and stamp.read_text() == wanted


def works(python: Path) -> bool:
    """Present, and its base interpreter too: a virtual environment only points at it."""
    if not python.exists():
        return False
    return subprocess.run([str(python), "-c", ""], check=False).returncode == 0


def digest(files: Iterable[Path], extra: str) -> str:
    summed = hashlib.sha256(extra.encode())
    for file in files:
        if not file.exists():
            raise SetupError(f"{file.relative_to(ROOT)} is missing from this checkout.")
        summed.update(file.read_bytes())
    return summed.hexdigest()


def run(command: list[str]) -> None:
    done = subprocess.run(command, cwd=ROOT, check=False)
    if done.returncode != 0:
        raise SetupError(f"`{' '.join(command)}` failed with exit status {done.returncode}.")


if __name__ == "__main__":
    if sys.version_info < (3, 11):  # noqa: UP036  this is where an older one is met
        sys.exit("NCMatch needs Python 3.11 or later; this is " + sys.version.split()[0] + ".")
    sys.exit(main())
