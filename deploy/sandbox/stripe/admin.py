"""What tests and the control page may do behind Stripe's back."""

from __future__ import annotations

import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from flask import Blueprint, abort, jsonify, request
from werkzeug.wrappers import Response

from sandbox.courier import deliver
from sandbox.world import World

from . import accounts, notices, objects, sessions

MOST_COPIES = 1000


def _body() -> dict[str, Any]:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        abort(400, "A JSON object is expected.")
    return body


def _wanted(db: sqlite3.Connection, body: dict[str, Any]) -> sqlite3.Row:
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM stripe_session WHERE reference = ? ORDER BY created_at DESC",
        (str(body.get("out_trade_no", "")),),
    ).fetchone()
    if row is None:
        abort(404, "No such session.")
    return row


def _seen(row: sqlite3.Row) -> dict[str, Any]:
    keys = ("id", "account", "reference", "payment_intent", "status", "amount", "refunded")
    return {key: row[key] for key in keys}


def blueprint(world: World) -> Blueprint:
    bp = Blueprint("stripe_admin", __name__, url_prefix="/admin/stripe")

    @bp.post("/accounts")
    def register() -> Response:
        body = _body()
        row = accounts.register(
            world.store,
            account=str(body.get("account", "")),
            name=str(body.get("name", "")),
            webhook_url=str(body.get("webhook_url", "")),
        )
        keys = ("account", "secret_key", "webhook_secret", "webhook_url")
        return jsonify({key: row[key] for key in keys} | {"api_url": world.url})

    @bp.get("/sessions")
    def known_sessions() -> Response:
        wanted = request.args.get("out_trade_no", "")
        with world.store.read() as db:
            rows = db.execute(
                "SELECT * FROM stripe_session WHERE ? IN ('', reference)"
                " ORDER BY created_at DESC LIMIT 500",
                (wanted,),
            ).fetchall()
        return jsonify([_seen(row) for row in rows])

    @bp.post("/pay")
    def pay() -> Response:
        try:
            with world.store.write() as db:
                row = sessions.pay(db, _wanted(db, _body()))
        except sessions.Refused as refused:
            abort(409, refused.text)
        return jsonify(_seen(row))

    @bp.post("/notify")
    def notify() -> Response:
        """Builds one event and posts it `times` times, or only returns it."""
        body = _body()
        signature = str(body.get("signature", "good"))
        times, at_once = int(body.get("times", 1)), int(body.get("concurrency", 1))
        if signature not in notices.SIGNATURES or not 0 <= times <= MOST_COPIES:
            abort(400, f"signature is one of {', '.join(notices.SIGNATURES)}.")
        with world.store.write() as db:
            row = _wanted(db, body)
            account = accounts.known(db, row["account"])
            refunds = sessions.refunds_of(db, row)
        if body.get("event") == "refunded":
            if not refunds:
                abort(409, "Nothing was refunded.")
            kind, obj = "refund.updated", objects.refund(refunds[0], row)
        else:
            kind, obj = "checkout.session.completed", objects.session(row)
        envelope = json.loads(
            notices.event(
                str(body.get("type", kind)),
                obj | dict(body.get("overrides", {})),
                event_id=str(body.get("event_id", "")),
            )
        ) | dict(body.get("envelope", {}))
        text = json.dumps(envelope, ensure_ascii=False)
        headers = notices.wire(account["webhook_secret"], text, signature)
        url = str(body.get("url") or account["webhook_url"])
        deliveries: list[dict[str, Any]] = []
        if body.get("deliver", True) and url:
            with ThreadPoolExecutor(max_workers=min(max(at_once, 1), 64)) as pool:
                answers = pool.map(lambda _: deliver(url, text, headers), range(times))
                deliveries = [{"status": status, "answer": answer} for status, answer in answers]
        return jsonify(
            url=url,
            body=text,
            headers=headers,
            event_id=envelope["id"],
            deliveries=deliveries,
        )

    return bp
