"""The suppliers and what they sell, as pushed by the one who runs the sandbox."""

from __future__ import annotations

import json
import re
import sqlite3
import uuid
from typing import Any

from sandbox.store import Store

_NAMESPACE = uuid.UUID("6f1d6a52-70c5-4e0b-9a55-2c1f4f7b3c11")
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_PLAN_KEYS = ("sku", "plan_id", "name", "gpu", "gpu_count", "vcpu", "ram_gb")


def service_id(slug: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, slug))


def put_catalog(store: Store, slug: str, body: dict[str, Any]) -> int:
    """Replaces a supplier's credentials and plans; returns how many plans it now has."""
    if not _SLUG.fullmatch(slug):
        raise ValueError(f"Not a slug: {slug!r}")
    plans = [dict(plan) for plan in body["plans"]]
    for plan in plans:
        missing = [key for key in ("sku", "plan_id", "name") if not plan.get(key)]
        if missing:
            raise ValueError(f"A plan lacks {', '.join(missing)}.")
    seconds = body.get("provision_seconds")
    with store.write() as db:
        db.execute(
            "INSERT OR REPLACE INTO supplier VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                slug,
                str(body.get("name") or slug),
                str(body["username"]),
                str(body["password"]),
                service_id(slug),
                None if seconds is None else float(seconds),
                json.dumps(plans, ensure_ascii=False),
            ),
        )
    return len(plans)


def find(db: sqlite3.Connection, slug: str) -> sqlite3.Row | None:
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM supplier WHERE slug = ?", (slug,)
    ).fetchone()
    return row


def plans_of(supplier: sqlite3.Row) -> list[dict[str, Any]]:
    plans: list[dict[str, Any]] = json.loads(supplier["plans"])
    return plans


def plan_attributes(plan: dict[str, Any]) -> dict[str, Any]:
    """What a plan tells beside the contract's own fields, under the metadata of the catalogue."""
    return {key: plan[key] for key in _PLAN_KEYS if plan.get(key) is not None}
