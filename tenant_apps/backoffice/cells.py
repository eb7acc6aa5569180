"""What stands in the cells of lists: a state with its meaning, a link, a figure; and the same for a CSV file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Choices
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from shared_apps.kernel.money import Money
from shared_apps.kernel.spreadsheets import neutral

Column = Mapping[str, Any]
Row = Mapping[str, Any]

GREEN, AMBER, RED, GREY = "green", "amber", "red", "grey"


@dataclass(frozen=True, slots=True)
class Mark:
    """A word and its meaning: one of four tones."""

    label: str | Promise
    tone: str


@dataclass(frozen=True, slots=True)
class Link:
    """`drawer`: it opens beside the list; without an address it is text."""

    text: str
    url: str = ""
    note: str = ""
    drawer: bool = False


def column(key: str, label: str | Promise, kind: str = "text", **more: Any) -> Column:
    return {"key": key, "label": label, "kind": kind, **more}


def mark_column(key: str, label: str | Promise, **more: Any) -> Column:
    return {"key": key, "label": label, "template": "backoffice/cells/mark.html", **more}


def link_column(key: str, label: str | Promise, **more: Any) -> Column:
    """`kind`, if given, says how it is set: a figure stands at the right."""
    return {"key": key, "label": label, "template": "backoffice/cells/link.html", **more}


def tone_of(state: str, tones: Mapping[str, Sequence[str]]) -> str:
    return next((tone for tone, states in tones.items() if state in states), GREY)


def mark(choices: type[Choices], state: str, tones: Mapping[str, Sequence[str]]) -> Mark:
    return Mark(choices(state).label, tone_of(state, tones))


def as_text(value: object) -> str:
    """A cell for a CSV file. Figures are written plainly; words are made harmless to spreadsheets."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if isinstance(value, Money | Decimal | int):
        return str(value)
    if isinstance(value, datetime):
        return timezone.localtime(value).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mark):
        return neutral(str(value.label))
    if isinstance(value, Link):
        return neutral(value.text)
    return neutral(str(value))
