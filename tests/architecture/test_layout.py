"""The house keeps its shape: what stands where, how large it is, and what it must not say."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

TOP_LEVEL = {
    ".ci",
    ".editorconfig",
    ".gitignore",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "SECURITY.md",
    "billing",
    "deploy",
    "docs",
    "manage.py",
    "package-lock.json",
    "package.json",
    "platform",
    "pyproject.toml",
    "shared_apps",
    "templates",
    "tenant_apps",
    "tests",
}
APP_FOLDERS = ("tenant_apps", "billing", "shared_apps")
LINES = 500
# A module is named by what it holds; these names only say that it holds something.
NAMELESS = {"utils.py", "helpers.py", "common.py", "manager.py", "misc.py", "tools.py"}
# Inside an app a module may import what stands in its own row or in a lower one.
ROWS = {
    "enums": 0,
    "errors": 0,
    "models": 1,
    "queries": 2,
    "services": 3,
    "admin": 4,
    "api": 4,
    "handlers": 4,
    "tasks": 4,
    "views": 4,
}
# What is true of one machine or one day is of no use to a reader of the repository.
UNWANTED = re.compile(
    r"""
    /(?:root|home|work)/\w          # somebody's folders
    | /tmp/build\b
    | pypi\.org | pythonhosted | npmjs\.(?:org|com)  # where packages come from is configuration
    | \bissue[ ]\#?\d+\b | \bthis[ ]session\b | \bas[ ](?:instructed|requested)\b
    | \b(?:TODO|FIXME|XXX)\b
    """,
    re.VERBOSE,
)
THIS = Path(__file__).resolve().relative_to(ROOT)


def tracked() -> list[Path]:
    """Files of the repository: committed, or about to be; never what is ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    names = [Path(name) for name in listed.stdout.split("\0") if name]
    return [name for name in names if (ROOT / name).is_file()]


def modules() -> list[Path]:
    return [path for path in tracked() if path.suffix == ".py"]


def hides_pythons_own(root: Path) -> list[str]:
    """Files that would stand in the way of Python's own `platform` module."""
    guilty = ("platform.py", "platform/__init__.py", "platform/platform.py")
    return [name for name in guilty if (root / name).exists()]


def test_pythons_own_platform_module_is_not_hidden() -> None:
    assert hides_pythons_own(ROOT) == []
    script = "; ".join(
        [
            "import sys, manage",
            "sys.path[:0] = [str(manage.ROOT), str(manage.ROOT / 'platform')]",
            "import platform, uuid",
            "print(platform.python_version(), platform.__file__)",
        ]
    )
    said = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    version, file = said.split()
    assert version == sys.version.split()[0]
    assert ROOT not in Path(file).parents


def test_the_guard_sees_a_module_that_would_hide_it(tmp_path: Path) -> None:
    (tmp_path / "platform").mkdir()
    assert hides_pythons_own(tmp_path) == []
    (tmp_path / "platform" / "__init__.py").touch()
    assert hides_pythons_own(tmp_path) == ["platform/__init__.py"]


def test_nothing_unknown_stands_at_the_top() -> None:
    assert {path.parts[0] for path in tracked()} - TOP_LEVEL == set()


def test_platform_holds_one_package() -> None:
    assert {path.parts[1] for path in tracked() if path.parts[0] == "platform"} == {"ncmatch"}


def test_no_module_is_too_long_to_read_in_one_sitting() -> None:
    lengths = {path: len((ROOT / path).read_text().splitlines()) for path in modules()}
    assert {str(path): n for path, n in lengths.items() if n > LINES} == {}


def test_every_module_is_named_by_what_it_holds() -> None:
    assert [str(path) for path in modules() if path.name in NAMELESS] == []


def test_nothing_speaks_of_one_machine_or_one_day() -> None:
    found = []
    for path in tracked():
        if path == THIS:
            continue
        try:
            text = (ROOT / path).read_text()
        except UnicodeDecodeError:
            continue
        found += [
            f"{path}:{number}: {line.strip()[:120]}"
            for number, line in enumerate(text.splitlines(), start=1)
            if UNWANTED.search(line)
        ]
    assert found == []


@pytest.mark.parametrize("line", ["see /home/x", "# TODO later", "fixes issue 7"])
def test_such_words_are_seen(line: str) -> None:
    assert UNWANTED.search(line)


def test_imports_run_one_way_between_folders_and_apps() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'platform'}"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def row(module: str) -> int | None:
    """The row of a dotted name inside its app: `billing.ledger.services.posting` is a service."""
    parts = module.split(".")
    return ROWS.get(parts[2]) if len(parts) > 2 and parts[0] in APP_FOLDERS else None


def upward(path: Path, source: str) -> list[str]:
    """Imports of a module from a higher row of its own app, at the module's top level or not."""
    own = ".".join(path.with_suffix("").parts)
    here = row(own)
    if here is None:
        return []
    app = ".".join(path.parts[:2])
    found = []
    for node in ast.walk(ast.parse(source)):
        for target in imported(node):
            there = row(target)
            if target.startswith(f"{app}.") and there is not None and there > here:
                found.append(f"{own} imports {target}")
    return found


def imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def test_imports_run_one_way_inside_an_app() -> None:
    found = [line for path in modules() for line in upward(path, (ROOT / path).read_text())]
    assert found == []


def test_an_upward_import_inside_an_app_is_seen() -> None:
    path = Path("billing/ledger/models.py")
    assert upward(path, "from billing.ledger import services") != []
    assert upward(path, "import billing.ledger.views.journal") != []
    assert upward(path, "from billing.ledger.enums import Side") == []
    assert upward(path, "from billing.pricing import services") == []
