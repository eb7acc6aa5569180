"""Everything that was sent to anybody, newest first."""

from __future__ import annotations

import json
import time
from typing import Any

from flask import Blueprint, jsonify, render_template, request
from werkzeug.wrappers import Response

from sandbox.moments import china_text
from sandbox.store import Store
from sandbox.world import World


def keep(
    store: Store,
    *,
    channel: str,
    recipient: str,
    sender: str,
    subject: str,
    body: str,
    data: dict[str, Any] | None = None,
) -> None:
    with store.write() as db:
        db.execute(
            "INSERT INTO message (channel, recipient, sender, subject, body, data, created_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                channel,
                recipient,
                sender,
                subject,
                body,
                json.dumps(data or {}, ensure_ascii=False),
                time.time(),
            ),
        )


def latest(store: Store, *, to: str, limit: int = 200) -> list[dict[str, Any]]:
    with store.read() as db:
        rows = db.execute(
            "SELECT * FROM message WHERE ? IN ('', recipient) ORDER BY id DESC LIMIT ?",
            (to, limit),
        ).fetchall()
    return [
        {
            "id": row["id"],
            "channel": row["channel"],
            "to": row["recipient"],
            "from": row["sender"],
            "subject": row["subject"],
            "text": row["body"],
            "at": china_text(row["created_at"]),
            **json.loads(row["data"]),
        }
        for row in rows
    ]


def blueprint(world: World) -> Blueprint:
    bp = Blueprint("inbox", __name__)

    @bp.get("/inbox/")
    def page() -> str:
        to = request.args.get("to", "").strip()
        template = "inbox_list.html" if request.args.get("part") else "inbox.html"
        return render_template(template, to=to, messages=latest(world.store, to=to))

    @bp.get("/inbox.json")
    def as_json() -> Response:
        return jsonify(latest(world.store, to=request.args.get("to", "").strip()))

    @bp.delete("/inbox.json")
    def empty() -> Response:
        with world.store.write() as db:
            db.execute("DELETE FROM message")
        return jsonify(ok=True)

    return bp
