"""What pages say, gathered from the sources, and its English: without the gettext programs.

The sources speak Chinese, inside gettext's functions and Django's template tags; the catalogue
holds the English of each sentence. A text that is stored, and was marked where it is defined, is
translated by `translation.gettext(text)`, which is not read here. The catalogue is kept in order
of the Chinese, and its references name files without line numbers, so that a change elsewhere in
a file does not change the catalogue.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polib  # type: ignore[import-untyped]  # its stubs are a package of their own
from django.utils.translation.template import templatize

ROOT: Final = Path(__file__).resolve().parents[2]
CATALOGUE: Final = ROOT / "platform/ncmatch/locale/en/LC_MESSAGES/django.po"
FOLDERS: Final = ("platform/ncmatch", "tenant_apps", "billing", "shared_apps", "templates")
HEADER: Final = {
    "Project-Id-Version": "NCMatch",
    "Language": "en",
    "MIME-Version": "1.0",
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Transfer-Encoding": "8bit",
    "Plural-Forms": "nplurals=2; plural=(n != 1);",
}

# What each function's arguments are: the text, its plural, its context.
SHAPES: Final = {
    "gettext": ("text",),
    "ngettext": ("text", "plural"),
    "pgettext": ("context", "text"),
    "npgettext": ("context", "text", "plural"),
}
MODULE: Final = "django.utils.translation"
_QUOTED = r"""u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
_CALL = re.compile(rf"\b(_|n?p?gettext)\(({_QUOTED}(?:, {_QUOTED})*)")
_FORMATTED = re.compile(r"%(?:\(\w+\))?[-+ #0]*\d*(?:\.\d+)?[diouxXeEfFgGcrs]|%%")


class NotGatherable(Exception):
    """A text that no tool can find: gettext was given something other than a plain string."""


@dataclass(frozen=True, order=True)
class Message:
    text: str
    plural: str = ""
    context: str = ""


Found = dict[Message, set[str]]


def extract(root: Path = ROOT) -> Found:
    """Every message of the sources under `root`, with the files that say it."""
    found: Found = {}
    for path in sources(root):
        name = path.relative_to(root).as_posix()
        read = in_python if path.suffix == ".py" else in_template
        for message in read(path.read_text(encoding="utf-8"), name):
            found.setdefault(message, set()).add(name)
    with_plural = {(message.text, message.context) for message in found if message.plural}
    for message in found:
        if not message.plural and (message.text, message.context) in with_plural:
            raise NotGatherable(f"{message.text} stands both with and without a plural.")
    return found


def sources(root: Path = ROOT) -> Iterator[Path]:
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix not in (".py", ".html", ".txt") or "migrations" in path.parts:
                continue
            if "static" not in path.parts:
                yield path


def in_python(source: str, name: str = "") -> Iterator[Message]:
    tree = ast.parse(source)
    functions = dict(_imported(tree))
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        shape = functions.get(node.func.id)
        if shape is None:
            continue
        texts = [given.value for given in node.args if isinstance(given, ast.Constant)]
        if len(texts) < len(shape) or not all(isinstance(text, str) for text in texts[:2]):
            raise NotGatherable(f"{name}, line {node.lineno}: gettext needs the text itself.")
        yield _message(shape, [str(text) for text in texts])


def in_template(source: str, name: str = "") -> Iterator[Message]:
    for function, given in _CALL.findall(templatize(source, origin=name)):
        texts = ast.literal_eval(f"[{given}]")
        yield _message(SHAPES["gettext" if function == "_" else function], texts)


def catalogue(path: Path = CATALOGUE) -> polib.POFile:
    if path.exists():
        return polib.pofile(str(path), wrapwidth=100)
    return polib.POFile(wrapwidth=100)


def brought_up_to_date(old: polib.POFile, found: Found) -> polib.POFile:
    """The same translations for what is still said, empty ones for what is new, nothing else."""
    known = {Message(entry.msgid, entry.msgid_plural, entry.msgctxt or ""): entry for entry in old}
    new = polib.POFile(wrapwidth=100)
    new.metadata = dict(HEADER)
    for message in sorted(found):
        entry = polib.POEntry(
            msgid=message.text,
            msgid_plural=message.plural,
            msgctxt=message.context or None,
            occurrences=[(name, "") for name in sorted(found[message])],
            flags=["python-format"] if _FORMATTED.search(message.text + message.plural) else [],
        )
        before = known.get(message)
        if message.plural:
            entry.msgstr_plural = dict(before.msgstr_plural) if before else {0: "", 1: ""}
        elif before:
            entry.msgstr = before.msgstr
        new.append(entry)
    return new


def missing(entries: Iterable[polib.POEntry]) -> list[polib.POEntry]:
    return [entry for entry in entries if not all(translations(entry))]


def translations(entry: polib.POEntry) -> list[str]:
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def _imported(tree: ast.Module) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Under what name this module knows which of gettext's functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == MODULE:
            for alias in node.names:
                plain = alias.name.removesuffix("_lazy").removesuffix("_noop")
                if plain in SHAPES:
                    yield alias.asname or alias.name, SHAPES[plain]


def _message(shape: tuple[str, ...], texts: list[str]) -> Message:
    return Message(**dict(zip(shape, texts, strict=False)))
