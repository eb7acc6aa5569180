"""What tests and the control page may do behind the provider's back."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from flask import Blueprint, abort, jsonify, request
from werkzeug.wrappers import Response

from sandbox.courier import deliver
from sandbox.world import World

from . import merchants, notices, trades
from .amounts import yuan

POST = {"Content-Type": notices.CONTENT_TYPE, "User-Agent": "Mozilla/4.0"}
MOST_COPIES = 1000
MOST_AT_ONCE = 64


def _body() -> dict[str, Any]:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        abort(400, "A JSON object is expected.")
    return body


def _wanted(db: sqlite3.Connection, body: dict[str, Any]) -> sqlite3.Row:
    """The trade by out_trade_no, and by app_id where two merchants used the same number."""
    rows: list[sqlite3.Row] = db.execute(
        "SELECT * FROM trade WHERE out_trade_no = ? AND ? IN ('', app_id) ORDER BY created_at DESC",
        (str(body.get("out_trade_no", "")), str(body.get("app_id", ""))),
    ).fetchall()
    if not rows:
        abort(404, "No such trade.")
    return rows[0]


def _seen(trade: sqlite3.Row) -> dict[str, Any]:
    return {
        "app_id": trade["app_id"],
        "out_trade_no": trade["out_trade_no"],
        "trade_no": trade["trade_no"],
        "trade_status": trade["status"],
        "total_amount": yuan(trade["total_fen"]),
        "refunded_amount": yuan(trade["refunded_fen"]),
        "subject": trade["subject"],
        "notify_url": trade["notify_url"],
        "return_url": trade["return_url"],
    }


def blueprint(world: World) -> Blueprint:
    bp = Blueprint("alipay_admin", __name__, url_prefix="/admin/alipay")

    @bp.post("/merchants")
    def register() -> Response:
        body = _body()
        try:
            row = merchants.register(
                world.store,
                app_id=str(body["app_id"]),
                merchant_public_key=str(body["merchant_public_key"]),
                name=str(body.get("name", "")),
            )
        except (KeyError, ValueError) as error:
            abort(400, f"app_id and merchant_public_key are needed: {error}")
        return jsonify(
            app_id=row["app_id"],
            seller_id=row["seller_id"],
            alipay_public_key=row["alipay_public_key"],
            gateway_url=f"{world.url}/alipay/gateway.do",
        )

    @bp.get("/merchants")
    def known_merchants() -> Response:
        with world.store.read() as db:
            rows = db.execute("SELECT * FROM merchant ORDER BY app_id").fetchall()
        return jsonify([{k: r[k] for k in ("app_id", "seller_id", "name")} for r in rows])

    @bp.get("/trades")
    def known_trades() -> Response:
        wanted = request.args.get("out_trade_no", "")
        with world.store.read() as db:
            rows = db.execute(
                "SELECT * FROM trade WHERE ? IN ('', out_trade_no)"
                " ORDER BY created_at DESC LIMIT 500",
                (wanted,),
            ).fetchall()
        return jsonify([_seen(row) for row in rows])

    @bp.get("/notices")
    def known_notices() -> Response:
        wanted = request.args.get("out_trade_no", "")
        with world.store.read() as db:
            rows = db.execute(
                "SELECT * FROM notice WHERE ? IN ('', out_trade_no) ORDER BY id DESC LIMIT 500",
                (wanted,),
            ).fetchall()
        return jsonify([dict(row) for row in rows])

    @bp.post("/pay")
    def pay() -> Response:
        try:
            with world.store.write() as db:
                trade = trades.pay(db, _wanted(db, _body()))
        except trades.Refused as refused:
            abort(409, refused.sub_code)
        return jsonify(_seen(trade))

    @bp.post("/notify")
    def notify() -> Response:
        """Builds one notification and posts it `times` times, or only returns it."""
        body = _body()
        signature = str(body.get("signature", "good"))
        times, at_once = int(body.get("times", 1)), int(body.get("concurrency", 1))
        if signature not in notices.SIGNATURES or not 0 <= times <= MOST_COPIES:
            abort(400, f"signature is one of {', '.join(notices.SIGNATURES)}.")
        with world.store.read() as db:
            trade = _wanted(db, body)
            merchant = merchants.known_merchant(db, trade["app_id"])
        params = notices.fields(
            trade,
            merchant["seller_id"],
            event=str(body.get("event", "paid")),
            request_no=str(body.get("out_request_no", "")),
        )
        params |= {str(k): str(v) for k, v in dict(body.get("overrides", {})).items()}
        text = notices.signed_body(params, merchant["alipay_private_key"], signature=signature)
        url = str(body.get("url") or trade["notify_url"])
        deliveries: list[dict[str, Any]] = []
        if body.get("deliver", True) and url:
            with ThreadPoolExecutor(max_workers=min(max(at_once, 1), MOST_AT_ONCE)) as pool:
                answers = pool.map(lambda _: deliver(url, text, POST), range(times))
                deliveries = [{"status": status, "answer": answer} for status, answer in answers]
        return jsonify(
            url=url,
            content_type=notices.CONTENT_TYPE,
            body=text,
            fields=params,
            deliveries=deliveries,
        )

    return bp
