"""What is written with an entry, by the same statement, and only if the entry is new."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models

from shared_apps.audit import services as audit
from shared_apps.outbox import services as outbox


@dataclass(frozen=True, slots=True)
class Along:
    """`news`: topics with their payloads, for the outbox. `action`: what the audit calls it; of `obj`,
    or of the entry itself. An event told again brings neither a second time."""

    action: str = ""
    obj: models.Model | None = None
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    note: str = ""
    news: Sequence[tuple[str, Mapping[str, Any]]] = ()


def with_entry(entry: dict[str, Any], along: Along) -> bool:
    """Adds to an entry what goes along with it; says whether that is news for others."""
    if along.action:
        entry["record"] = audit.row(
            along.action, obj=along.obj, before=along.before, after=along.after, note=along.note
        )
    if along.news:
        entry["news"] = [
            {"topic": topic, "handler": handler, "payload": payload}
            for topic, payload in along.news
            for handler in outbox.handlers(topic)
        ]
    return bool(along.news)
