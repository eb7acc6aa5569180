"""What tests and the control page may do behind WeChat Pay's back."""

from __future__ import annotations

import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from flask import Blueprint, abort, jsonify, request
from werkzeug.wrappers import Response

from sandbox.courier import deliver
from sandbox.world import World

from . import merchants, notices, trades

MOST_COPIES = 1000


def _body() -> dict[str, Any]:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        abort(400, "A JSON object is expected.")
    return body


def _wanted(db: sqlite3.Connection, body: dict[str, Any]) -> sqlite3.Row:
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM wechat_trade WHERE out_trade_no = ? ORDER BY created_at DESC",
        (str(body.get("out_trade_no", "")),),
    ).fetchone()
    if row is None:
        abort(404, "No such trade.")
    return row


def _seen(trade: sqlite3.Row) -> dict[str, Any]:
    keys = ("mchid", "out_trade_no", "transaction_id", "status", "total_fen", "refunded_fen")
    return {key: trade[key] for key in keys}


def blueprint(world: World) -> Blueprint:
    bp = Blueprint("wechat_admin", __name__, url_prefix="/admin/wechat")

    @bp.post("/merchants")
    def register() -> Response:
        body = _body()
        try:
            row = merchants.register(
                world.store,
                appid=str(body["appid"]),
                serial_no=str(body["serial_no"]),
                merchant_public_key=str(body["merchant_public_key"]),
                api_v3_key=str(body["api_v3_key"]),
                name=str(body.get("name", "")),
            )
        except (KeyError, ValueError) as error:
            abort(400, f"appid, serial_no, merchant_public_key, api_v3_key are needed: {error}")
        return jsonify(
            appid=row["appid"],
            mchid=row["mchid"],
            public_key=row["platform_public_key"],
            public_key_id=row["public_key_id"],
            gateway_url=world.url,
        )

    @bp.get("/trades")
    def known_trades() -> Response:
        wanted = request.args.get("out_trade_no", "")
        with world.store.read() as db:
            rows = db.execute(
                "SELECT * FROM wechat_trade WHERE ? IN ('', out_trade_no)"
                " ORDER BY created_at DESC LIMIT 500",
                (wanted,),
            ).fetchall()
        return jsonify([_seen(row) for row in rows])

    @bp.post("/pay")
    def pay() -> Response:
        try:
            with world.store.write() as db:
                trade = trades.pay(db, _wanted(db, _body()))
        except trades.Refused as refused:
            abort(409, refused.word)
        return jsonify(_seen(trade))

    @bp.post("/notify")
    def notify() -> Response:
        """Builds one notification and posts it `times` times, or only returns it."""
        body = _body()
        signature = str(body.get("signature", "good"))
        times, at_once = int(body.get("times", 1)), int(body.get("concurrency", 1))
        if signature not in notices.SIGNATURES or not 0 <= times <= MOST_COPIES:
            abort(400, f"signature is one of {', '.join(notices.SIGNATURES)}.")
        request_no = str(body.get("out_refund_no", ""))
        with world.store.read() as db:
            trade = _wanted(db, body)
            merchant = merchants.known_merchant(db, trade["mchid"])
            refund = trades.find_refund(db, trade["mchid"], request_no) if request_no else None
        facts = (
            notices.trade_facts(trade, merchant)
            if refund is None
            else notices.refund_facts(refund, trade)
        )
        event_type = "TRANSACTION.SUCCESS" if refund is None else f"REFUND.{refund['status']}"
        for key, value in dict(body.get("overrides", {})).items():
            inner = facts["amount"] if key in ("total", "currency") else facts
            inner[key] = value
        key = "0" * 32 if signature == "unreadable" else merchant["api_v3_key"]
        text = notices.envelope(
            facts, key, event_type=event_type, event_id=str(body.get("event_id", ""))
        )
        headers = notices.wire(merchant, text, signature)
        url = str(body.get("url") or trade["notify_url"])
        deliveries: list[dict[str, Any]] = []
        if body.get("deliver", True) and url:
            with ThreadPoolExecutor(max_workers=min(max(at_once, 1), 64)) as pool:
                answers = pool.map(lambda _: deliver(url, text, headers), range(times))
                deliveries = [{"status": status, "answer": answer} for status, answer in answers]
        return jsonify(
            url=url,
            body=text,
            headers=headers,
            event_id=json.loads(text)["id"],
            deliveries=deliveries,
        )

    return bp
