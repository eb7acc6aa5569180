"""What each supplier is running for us. Time passes by looking: due work is done when asked about."""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
import uuid
from typing import Any

LIVE = ("CREATING", "READY", "FAILED", "DELETING")


def settle(db: sqlite3.Connection, slug: str) -> None:
    """Lets everything that is due by now have happened."""
    now = time.time()
    db.execute(
        "UPDATE instance SET state = CASE destiny WHEN 'fail' THEN 'FAILED' ELSE 'READY' END"
        " WHERE slug = ? AND state = 'CREATING' AND destiny <> 'never' AND due_at <= ?",
        (slug, now),
    )
    gone = db.execute(
        "UPDATE instance SET state = 'DELETED' WHERE slug = ? AND state = 'DELETING'"
        " AND due_at <= ? RETURNING instance_id",
        (slug, now),
    ).fetchall()
    for row in gone:
        db.execute(
            "DELETE FROM binding WHERE slug = ? AND instance_id = ?", (slug, row["instance_id"])
        )


def find(db: sqlite3.Connection, slug: str, instance_id: str) -> sqlite3.Row | None:
    """The instance, DELETED ones included."""
    settle(db, slug)
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM instance WHERE slug = ? AND instance_id = ?", (slug, instance_id)
    ).fetchone()
    return row


def asked(db: sqlite3.Connection, slug: str, instance_id: str) -> None:
    db.execute(
        "UPDATE instance SET times_asked = times_asked + 1 WHERE slug = ? AND instance_id = ?",
        (slug, instance_id),
    )


def begin(
    db: sqlite3.Connection,
    slug: str,
    instance_id: str,
    *,
    service_id: str,
    plan_id: str,
    parameters: dict[str, Any],
    fingerprint: str,
    destiny: str,
    seconds: float,
) -> str:
    """Starts creating for real; returns the operation's key."""
    now = time.time()
    operation = f"create-{secrets.token_hex(6)}"
    db.execute(
        "INSERT INTO instance (slug, instance_id, service_id, plan_id, parameters, fingerprint,"
        " state, destiny, operation, due_at, times_created, times_asked, created_at)"
        " VALUES (:slug, :id, :service, :plan, :parameters, :fingerprint, 'CREATING', :destiny,"
        " :operation, :due, 1, 1, :now)"
        " ON CONFLICT (slug, instance_id) DO UPDATE SET service_id = :service, plan_id = :plan,"
        " parameters = :parameters, fingerprint = :fingerprint, state = 'CREATING',"
        " destiny = :destiny, operation = :operation, due_at = :due,"
        # One whose making failed was not made: asked for again, it is the first.
        " times_created = times_created + (state <> 'FAILED'), times_asked = times_asked + 1",
        {
            "slug": slug,
            "id": instance_id,
            "service": service_id,
            "plan": plan_id,
            "parameters": json.dumps(parameters, ensure_ascii=False),
            "fingerprint": fingerprint,
            "destiny": destiny,
            "operation": operation,
            "due": now + seconds,
            "now": now,
        },
    )
    return operation


def change(
    db: sqlite3.Connection, slug: str, instance: sqlite3.Row, *, parameters: dict[str, Any]
) -> None:
    """Takes over what was asked of a running instance, beside what it was made with."""
    kept = json.loads(instance["parameters"]) | parameters
    db.execute(
        "UPDATE instance SET parameters = ? WHERE slug = ? AND instance_id = ?",
        (json.dumps(kept, ensure_ascii=False), slug, instance["instance_id"]),
    )


def begin_delete(
    db: sqlite3.Connection, slug: str, instance: sqlite3.Row, *, seconds: float
) -> str:
    """Starts deleting; asked again while it is being deleted, it is the same operation."""
    if instance["state"] == "DELETING":
        return str(instance["operation"])
    operation = f"delete-{secrets.token_hex(6)}"
    db.execute(
        "UPDATE instance SET state = 'DELETING', operation = ?, due_at = ?"
        " WHERE slug = ? AND instance_id = ?",
        (operation, time.time() + seconds, slug, instance["instance_id"]),
    )
    settle(db, slug)
    return operation


def credentials(instance_id: str) -> dict[str, Any]:
    """A way in that leads nowhere: the host lies in the range kept for documentation."""
    number = uuid.uuid5(uuid.NAMESPACE_URL, instance_id).int
    host = f"203.0.113.{number % 253 + 1}"
    port = 20000 + number // 256 % 20000
    username = f"u{number % 16**8:08x}"
    return {
        "host": host,
        "port": port,
        "username": username,
        "password": secrets.token_urlsafe(15),
        "ssh_command": f"ssh -p {port} {username}@{host}",
        "jupyter_url": f"https://{host}:8888/lab?token={secrets.token_hex(16)}",
    }


def find_binding(
    db: sqlite3.Connection, slug: str, instance_id: str, binding_id: str
) -> dict[str, Any] | None:
    row = db.execute(
        "SELECT credentials FROM binding WHERE slug = ? AND instance_id = ? AND binding_id = ?",
        (slug, instance_id, binding_id),
    ).fetchone()
    if row is None:
        return None
    found: dict[str, Any] = json.loads(row["credentials"])
    return found


def listing(db: sqlite3.Connection, slug: str) -> list[dict[str, Any]]:
    """Everything ever asked of this supplier, with how often each was asked for and really made."""
    settle(db, slug)
    rows = db.execute(
        "SELECT instance_id, service_id, plan_id, state, parameters, times_created, times_asked,"
        " (SELECT count(*) FROM binding b WHERE b.slug = i.slug AND b.instance_id = i.instance_id)"
        " AS bindings FROM instance i WHERE slug = ? ORDER BY created_at",
        (slug,),
    ).fetchall()
    return [
        dict(row) | {"running": row["state"] in LIVE, "parameters": json.loads(row["parameters"])}
        for row in rows
    ]
