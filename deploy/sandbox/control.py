"""The front page, health, and the setting of faults by programs and by people."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, abort, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response

from .alipay.amounts import yuan
from .courier import deliver
from .faults import KINDS, UnknownFault
from .moments import china_text
from .sides import SIDES
from .world import World

PARTS = {
    "alipay": "支付宝",
    "wechat": "微信支付",
    "stripe": "Stripe",
    "osb": "供应商",
    "sms": "短信",
}


_TRADES = """
SELECT out_trade_no, subject, total_fen, created_at, '/alipay/cashier/' || trade_no AS cashier,
  CASE status WHEN 'TRADE_SUCCESS' THEN 'paid' WHEN 'WAIT_BUYER_PAY' THEN 'open' END AS state
FROM trade UNION ALL
SELECT out_trade_no, description, total_fen, created_at, '/wechat/cashier/' || token,
  CASE status WHEN 'SUCCESS' THEN 'paid' WHEN 'REFUND' THEN 'paid' WHEN 'NOTPAY' THEN 'open' END
FROM wechat_trade UNION ALL
SELECT reference, name, amount, created_at, '/stripe/pay/' || id,
  CASE status WHEN 'complete' THEN 'paid' WHEN 'open' THEN 'open' END
FROM stripe_session ORDER BY created_at DESC LIMIT 20
"""
_MERCHANTS = """
SELECT app_id, name FROM merchant UNION ALL SELECT mchid, name FROM wechat_merchant
UNION ALL SELECT account, name FROM stripe_account ORDER BY 2, 1
"""


def _object(text: str) -> dict[str, Any]:
    value = json.loads(text) if text.strip() else {}
    if not isinstance(value, dict):
        raise ValueError(text)
    return value


def blueprint(world: World) -> Blueprint:
    bp = Blueprint("control", __name__)

    @bp.get("/healthz")
    def healthz() -> Response:
        with world.store.read() as db:
            db.execute("SELECT 1 FROM fault").fetchone()
        return jsonify(ok=True, url=world.url, smtp_port=world.smtp_port)

    @bp.get("/")
    def front() -> str:
        with world.store.read() as db:
            trades = db.execute(_TRADES).fetchall()
            sent = db.execute("SELECT * FROM notice ORDER BY id DESC LIMIT 20").fetchall()
            suppliers = db.execute("SELECT slug, name FROM supplier ORDER BY slug").fetchall()
            merchants = db.execute(_MERCHANTS).fetchall()
        return render_template(
            "control.html",
            parts=PARTS,
            kinds=KINDS,
            titles={(kind.part, kind.name): kind.title for kind in KINDS},
            faults=world.faults.listing(),
            trades=[(t, yuan(t["total_fen"]), china_text(t["created_at"])) for t in trades],
            notices=sent,
            suppliers=suppliers,
            merchants=merchants,
            world=world,
        )

    @bp.get("/admin/faults")
    def listing() -> Response:
        return jsonify(world.faults.listing())

    @bp.post("/admin/faults")
    def set_fault() -> Response:
        body = request.get_json(silent=True)
        if not isinstance(body, dict):
            abort(400, "A JSON object is expected.")
        times = body.get("times", 1)
        try:
            number = world.faults.set(
                part=str(body.get("part", "")),
                fault=str(body.get("fault", "")),
                times=None if times is None else int(times),
                match=dict(body.get("match") or {}),
                params=dict(body.get("params") or {}),
            )
        except UnknownFault as error:
            known = ", ".join(f"{kind.part}/{kind.name}" for kind in KINDS)
            abort(400, f"No fault {error}. There are: {known}.")
        return jsonify(id=number)

    @bp.delete("/admin/faults")
    def clear() -> Response:
        world.faults.clear(part=request.args.get("part", ""))
        return jsonify(ok=True)

    @bp.delete("/admin/faults/<int:number>")
    def clear_one(number: int) -> Response:
        world.faults.clear(fault_id=number)
        return jsonify(ok=True)

    @bp.post("/faults")
    def set_by_hand() -> Response:
        part, _, name = request.form.get("kind", "").partition("/")
        times = request.form.get("times", "1").strip()
        try:
            world.faults.set(
                part=part,
                fault=name,
                times=int(times) if times else None,
                match=_object(request.form.get("match", "")),
                params=_object(request.form.get("params", "")),
            )
        except (UnknownFault, ValueError):
            abort(400, "次数应为整数（留空表示一直），条件和参数应为 JSON 对象。")
        return redirect("/", code=303)

    @bp.post("/faults/clear")
    def clear_by_hand() -> Response:
        number = request.form.get("id", "")
        world.faults.clear(fault_id=int(number) if number else None)
        return redirect("/", code=303)

    @bp.post("/notices/<int:number>/again")
    def send_again(number: int) -> Response:
        with world.store.read() as db:
            row = db.execute("SELECT * FROM notice WHERE id = ?", (number,)).fetchone()
            if row is None:
                abort(404)
            headers = SIDES[row["provider"]].headers(db, row)
        status, answer = deliver(row["url"], row["body"], headers)
        with world.store.write() as db:
            db.execute(
                "UPDATE notice SET attempts = attempts + 1, answer = ? WHERE id = ?",
                (f"{status} {answer[:500]}", number),
            )
        return redirect("/", code=303)

    return bp
