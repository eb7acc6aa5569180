"""What the documents say is there: terms, links, commands."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

import pytest
from django.apps import apps
from django.db import models
from django.utils.translation import override

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
GLOSSARY = DOCS / "glossary.md"
OURS = ("shared_apps", "billing", "tenant_apps", "ncmatch")
FOLDERS = ("shared_apps", "billing", "tenant_apps", "platform")
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
TARGET = re.compile(r"^([a-z][a-z-]*):.*?## ", re.MULTILINE)
HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)


def pages() -> list[Path]:
    return [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]


def written() -> str:
    return "\n".join(page.read_text() for page in pages())


# ---- terms


def our_models() -> list[type[models.Model]]:
    return [m for m in apps.get_models() if m.__module__.partition(".")[0] in OURS]


def choices_of(module: ModuleType) -> Iterable[type[models.TextChoices]]:
    for name, found in vars(module).items():
        ours = inspect.isclass(found) and issubclass(found, models.TextChoices)
        if ours and found.__module__ == module.__name__ and not name.startswith("_"):
            yield found


def our_choices() -> dict[str, dict[str, str]]:
    """`app.Name` → value → the word that pages show, for every table of states or kinds."""
    tables: dict[str, dict[str, str]] = {}
    for config in apps.get_app_configs():
        if config.name.partition(".")[0] not in OURS:
            continue
        for part in ("enums", "models"):
            try:
                module = importlib.import_module(f"{config.name}.{part}")
            except ModuleNotFoundError:
                continue
            for table in choices_of(module):
                tables[f"{config.label}.{table.__name__}"] = {
                    value: str(label) for value, label in table.choices
                }
    return tables


def missing_models(names: Iterable[str], glossary: str) -> list[str]:
    return sorted(name for name in names if f"`{name}`" not in glossary)


def missing_choices(tables: dict[str, dict[str, str]], glossary: str) -> list[str]:
    """Tables without a row of their own, and values that their row does not name as pages do."""
    rows = {
        found[1]: line
        for line in glossary.splitlines()
        if (found := re.match(r"\|[^|]*\| `([a-z_]+\.\w+)` \|", line))
    }
    missing = [name for name in tables if name not in rows]
    for name, values in tables.items():
        cell = rows.get(name, "")
        for value, label in values.items():
            if name in rows and not re.search(rf"\b{value} {re.escape(label)}", cell):
                missing.append(f"{name}: {value} {label}")
    return sorted(missing)


def test_the_glossary_names_every_model() -> None:
    names = {model.__name__ for model in our_models()}
    assert len(names) > 30
    assert missing_models(names, GLOSSARY.read_text()) == []


def test_the_glossary_names_every_state_and_kind_as_pages_do() -> None:
    with override("zh-hans"):
        tables = our_choices()
    assert len(tables) > 20
    assert missing_choices(tables, GLOSSARY.read_text()) == []


def test_a_term_that_is_missing_or_called_otherwise_is_seen() -> None:
    glossary = "| 订单 | order, `Order` | … |\n| | `orders.State` | OPEN 待支付 · DONE 完成 |"
    assert missing_models(["Order", "OrderLine"], glossary) == ["OrderLine"]
    told = {
        "orders.State": {"OPEN": "待支付", "DONE": "已完成", "GONE": "已取消"},
        "orders.Kind": {},
    }
    assert missing_choices(told, glossary) == [
        "orders.Kind",
        "orders.State: DONE 已完成",
        "orders.State: GONE 已取消",
    ]


# ---- links


def anchor(heading: str) -> str:
    """As the usual viewers of Markdown make it."""
    kept = re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower())
    return kept.replace(" ", "-")


def broken_links(page: Path) -> list[str]:
    """Relative links to a file that is not there, or to a heading that its page does not have."""
    broken = []
    for target in LINK.findall(FENCED.sub("", page.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, fragment = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        if not there.exists():
            broken.append(target)
        elif fragment and there.suffix == ".md":
            headings = HEADING.findall(FENCED.sub("", there.read_text()))
            if fragment not in {anchor(heading) for heading in headings}:
                broken.append(target)
    return broken


def test_every_link_leads_somewhere() -> None:
    broken = {str(page.relative_to(ROOT)): broken_links(page) for page in pages()}
    assert {name: links for name, links in broken.items() if links} == {}


def test_a_broken_link_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# One thing: `two`\n[a](#one-thing-two) [b](#three) [c](gone.md) [d](page.md#four)\n"
        "[e](https://example.org/x) [f](page.md)\n```\n# four\n[g](also-gone.md)\n```\n"
    )
    assert broken_links(page) == ["#three", "gone.md", "page.md#four"]


def test_every_page_is_found_from_the_readme() -> None:
    reached = {ROOT / "README.md"}
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        for target in LINK.findall(FENCED.sub("", page.read_text())):
            there = (page.parent / target.partition("#")[0]).resolve()
            if there.suffix == ".md" and there.exists() and there not in reached:
                reached.add(there)
                waiting.append(there)
    assert [str(page.relative_to(ROOT)) for page in pages() if page not in reached] == []


# ---- pictures


def test_every_picture_is_shown_and_small() -> None:
    text = written()
    for picture in (DOCS / "pictures").iterdir():
        assert picture.name in text, picture.name
        assert picture.stat().st_size < 200_000, picture.name


# ---- commands


def our_commands() -> list[str]:
    found = []
    for folder in FOLDERS:
        found += [path.stem for path in (ROOT / folder).rglob("management/commands/[a-z]*.py")]
    return sorted(found)


def make_targets() -> list[str]:
    return TARGET.findall((ROOT / "Makefile").read_text())


def unmentioned(commands: Iterable[str], targets: Iterable[str], text: str) -> list[str]:
    missing = [f"manage.py {name}" for name in commands if f"manage.py {name}" not in text]
    missing += [
        f"make {name}" for name in targets if not re.search(rf"\bmake {name}(?![\w-])", text)
    ]
    return missing


def test_every_command_and_target_is_mentioned() -> None:
    commands, targets = our_commands(), make_targets()
    assert "prove_books" in commands
    assert "demo" in targets
    assert unmentioned(commands, targets, written()) == []


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("`manage.py prove_books`, `make test`", []),
        ("`make test`", ["manage.py prove_books"]),
        ("`manage.py prove_books`, `make test-all`", ["make test"]),
    ],
)
def test_an_unmentioned_command_is_seen(text: str, missing: list[str]) -> None:
    assert unmentioned(["prove_books"], ["test"], text) == missing
