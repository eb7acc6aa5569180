from typing import Any

from django.db import models

from shared_apps.kernel.context import actor

from .models import Record


def record(
    action: str,
    *,
    obj: models.Model | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    note: str = "",
) -> None:
    """One row of the audit, in the caller's transaction and on behalf of the acting person.

    `before` and `after` hold what changed, as plain JSON; no secrets, no access credentials.
    """
    Record(**row(action, obj=obj, before=before, after=after, note=note)).save(force_insert=True)


def row(
    action: str,
    *,
    obj: models.Model | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    note: str = "",
) -> dict[str, Any]:
    """What `record` writes, by the names of its columns: for a statement that writes it by itself."""
    who = actor()
    return {
        "action": action,
        "actor_kind": who.kind,
        "actor_id": who.id,
        "actor_name": str(who.name)[:120],
        "ip": who.ip,
        "user_agent": who.user_agent[:300],
        "request_id": who.request_id,
        "object_type": obj._meta.label_lower if obj is not None else "",
        "object_id": str(getattr(obj, "public_id", obj.pk)) if obj is not None else "",
        "before": before,
        "after": after,
        "note": note,
    }
