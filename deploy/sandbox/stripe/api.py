"""/v1/…: what the platform asks of Stripe, under a secret key, each write once for its key."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request

from sandbox.faults import take_in
from sandbox.world import World

from . import accounts, objects, sessions
from .sessions import Refused

MOST = 99_999_999
_BEFORE = ("gateway_timeout_before", "gateway_500", "gateway_busy")
_AFTER = ("gateway_timeout_after", "gateway_busy_after")
Object = dict[str, Any]
Work = Callable[[sqlite3.Connection, sqlite3.Row], Object]


def _refusal(refused: Refused) -> tuple[int, Object]:
    return refused.status, {
        "error": {"type": refused.kind, "code": refused.code or None, "message": refused.text}
    }


def _need(key: str) -> str:
    value = request.form.get(key, "")
    if not value:
        raise Refused("parameter_missing", f"Missing required param: {key}.")
    return value


def _amount(key: str) -> int:
    text = _need(key)
    if not text.isdigit() or not 1 <= int(text) <= MOST:
        raise Refused("parameter_invalid_integer", f"Invalid integer: {key}")
    return int(text)


def _metadata(prefix: str) -> str:
    return json.dumps(
        {
            key.removeprefix(f"{prefix}[")[:-1]: value
            for key, value in request.form.items()
            if key.startswith(f"{prefix}[") and key.count("[") == prefix.count("[") + 1
        },
        ensure_ascii=False,
    )


def _page(rows: list[Object]) -> Object:
    """Newest first, within the times and after the object that were asked for."""
    since = float(request.args.get("created[gte]", 0))
    until = float(request.args.get("created[lt]", "inf"))
    limit = min(max(int(request.args.get("limit", 10)), 1), 100)
    rows = [row for row in rows if since <= row["created"] < until]
    after = request.args.get("starting_after", "")
    if after:
        names = [row["id"] for row in rows]
        rows = rows[names.index(after) + 1 :] if after in names else []
    return {
        "object": "list",
        "data": rows[:limit],
        "has_more": len(rows) > limit,
        "url": request.path,
    }


def _create_session(world: World, db: sqlite3.Connection, account: sqlite3.Row) -> Object:
    if _need("mode") != "payment" or request.form.get("line_items[0][quantity]") != "1":
        raise Refused("parameter_invalid_empty", "One line item of quantity 1 in payment mode.")
    price = "line_items[0][price_data]"
    expires = request.form.get("expires_at", "")
    row = sessions.create(
        db,
        account=account["account"],
        reference=request.form.get("client_reference_id", ""),
        name=_need(f"{price}[product_data][name]"),
        amount=_amount(f"{price}[unit_amount]"),
        currency=_need(f"{price}[currency]"),
        success_url=_need("success_url"),
        cancel_url=request.form.get("cancel_url", ""),
        session_metadata=_metadata("metadata"),
        intent_metadata=_metadata("payment_intent_data[metadata]"),
        expires_at=float(expires) if expires else time.time() + sessions.LONGEST,
    )
    return objects.session(row, url=world.url)


def _create_refund(db: sqlite3.Connection, account: sqlite3.Row) -> Object:
    of = sessions.find(db, account["account"], _need("payment_intent"))
    fault = take_in(
        db,
        "stripe",
        "refund_pending",
        "refund_rejected",
        "refund_fails",
        account=account["account"],
        out_trade_no=of["reference"],
    )
    name = fault.name if fault else ""
    if fault is not None and name == "refund_rejected":
        raise Refused(str(fault.params.get("code", "charge_disputed")), "The refund was refused.")
    refund = sessions.refund(
        db,
        of,
        amount=_amount("amount"),
        metadata=_metadata("metadata"),
        destiny="failed" if name == "refund_fails" else "succeeded",
        seconds=fault.seconds if fault is not None else 0.0,
    )
    return objects.refund(refund, of)


def _sessions(world: World, db: sqlite3.Connection, account: sqlite3.Row) -> Object:
    rows = db.execute(
        "SELECT * FROM stripe_session WHERE account = ? ORDER BY created_at DESC, id",
        (account["account"],),
    ).fetchall()
    return _page([objects.session(row, url=world.url) for row in rows])


def _transactions(db: sqlite3.Connection, account: sqlite3.Row) -> Object:
    paid = db.execute(
        "SELECT * FROM stripe_session WHERE account = ? AND paid_at IS NOT NULL",
        (account["account"],),
    ).fetchall()
    found = []
    for of in paid:
        charge = objects.charge(of)
        found.append(
            objects.balance_transaction("charge", charge, of["amount"], objects.fee(of["amount"]))
        )
        for row in sessions.refunds_of(db, of):
            refund = objects.refund(row, of)
            found.append(objects.balance_transaction("refund", refund, -row["amount"], 0))
    return _page(sorted(found, key=lambda one: (-one["created"], one["id"])))


def blueprint(world: World) -> Blueprint:
    bp = Blueprint("stripe_api", __name__, url_prefix="/v1")

    def answer(status: int, body: Object) -> Response:
        return Response(
            json.dumps(body, ensure_ascii=False),
            status=status,
            content_type="application/json",
            headers={"Request-Id": f"req_{time.time_ns():x}"},
        )

    def done(work: Work, account: sqlite3.Row) -> tuple[int, Object]:
        """The work and the memory of its key in one transaction: a repeat gets the same answer."""
        key = request.headers.get("Idempotency-Key", "") if request.method == "POST" else ""
        print_ = hashlib.sha256(request.full_path.encode() + request.get_data()).hexdigest()
        with world.store.write() as db:
            kept = db.execute(
                "SELECT * FROM stripe_key WHERE account = ? AND key = ?", (account["account"], key)
            ).fetchone()
            if key and kept is not None:
                if kept["fingerprint"] != print_:
                    text = "Keys for idempotent requests can only be used with the same parameters."
                    return _refusal(Refused("", text, kind="idempotency_error"))
                return kept["status"], json.loads(kept["answer"])
            try:
                status, body = 200, work(db, account)
            except Refused as refused:
                status, body = _refusal(refused)
            if key:
                db.execute(
                    "INSERT INTO stripe_key VALUES (?, ?, ?, ?, ?)",
                    (account["account"], key, print_, status, json.dumps(body)),
                )
        return status, body

    def served(work: Work) -> Response:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        with world.store.read() as db:
            account = accounts.by_key(db, token) if scheme == "Bearer" else None
        if account is None:
            return answer(*_refusal(Refused("", "Invalid API Key provided.", status=401)))
        facts = {"path": request.path, "account": account["account"], "method": request.method}
        busy = Refused("lock_timeout", "Too busy.", status=429)
        before = world.faults.take("stripe", *_BEFORE, **facts)
        if before is not None:
            if before.name == "gateway_timeout_before":
                time.sleep(before.seconds)
            elif before.name == "gateway_busy":
                return answer(*_refusal(busy))
            return answer(500, {"error": {"type": "api_error", "message": "Internal error."}})
        status, body = done(work, account)
        after = world.faults.take("stripe", *_AFTER, **facts)
        if after is not None and after.name == "gateway_timeout_after":
            time.sleep(after.seconds)
        if after is not None and after.name == "gateway_busy_after":
            return answer(500, {"error": {"type": "api_error", "message": "Internal error."}})
        return answer(status, body)

    def expanded() -> bool:
        return any(key.startswith("expand") for key in request.args)

    @bp.post("/checkout/sessions")
    def create_session() -> Response:
        return served(lambda db, account: _create_session(world, db, account))

    @bp.get("/checkout/sessions")
    def list_sessions() -> Response:
        return served(lambda db, account: _sessions(world, db, account))

    @bp.get("/checkout/sessions/<number>")
    def one_session(number: str) -> Response:
        return served(
            lambda db, account: objects.session(
                sessions.find(db, account["account"], number), url=world.url, expand=expanded()
            )
        )

    @bp.post("/checkout/sessions/<number>/expire")
    def expire_session(number: str) -> Response:
        return served(
            lambda db, account: objects.session(
                sessions.expire(db, sessions.find(db, account["account"], number))
            )
        )

    @bp.post("/refunds")
    def create_refund() -> Response:
        return served(_create_refund)

    @bp.get("/refunds")
    def list_refunds() -> Response:
        def work(db: sqlite3.Connection, account: sqlite3.Row) -> Object:
            of = sessions.find(db, account["account"], request.args.get("payment_intent", ""))
            return _page([objects.refund(row, of) for row in sessions.refunds_of(db, of)])

        return served(work)

    @bp.get("/balance_transactions")
    def list_transactions() -> Response:
        return served(_transactions)

    @bp.get("/account")
    def own_account() -> Response:
        return served(
            lambda _db, account: {
                "id": account["account"],
                "object": "account",
                "business_profile": {"name": account["name"]},
                "charges_enabled": True,
            }
        )

    return bp
