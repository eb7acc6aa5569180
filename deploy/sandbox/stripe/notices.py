"""Building and queueing Stripe's events, honest ones and others."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import sqlite3
import time
from collections.abc import Mapping
from typing import Any

from sandbox import faults
from sandbox.courier import Side, enqueue

from . import accounts

LONG_AGO = 1_000_000_000  # September 2001
SIGNATURES = ("good", "forged", "altered", "unsigned", "weak", "stale")
_FAULTS = (
    "notify_late",
    "notify_twice",
    "notify_reordered",
    "notify_silent",
    "notify_forged",
    "notify_altered",
    "notify_unsigned",
    "notify_weak",
    "notify_stale",
    "notify_wrong_amount",
    "notify_foreign_merchant",
    "notify_unknown_order",
)


def event(kind: str, obj: Mapping[str, Any], *, event_id: str = "", created: float = 0) -> str:
    return json.dumps(
        {
            "id": event_id or f"evt_{secrets.token_hex(12)}",
            "object": "event",
            "api_version": "2026-09-30",
            "created": int(created or time.time()),
            "data": {"object": obj},
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "type": kind,
        },
        ensure_ascii=False,
    )


def wire(secret: str, body: str, signature: str) -> dict[str, str]:
    """The headers of one delivery, signed at this moment, as asked (see SIGNATURES)."""
    stamp = LONG_AGO if signature == "stale" else int(time.time())
    text = body.replace('"livemode"', '"Livemode"', 1) if signature == "altered" else body
    key = "whsec_of_somebody_else" if signature == "forged" else secret
    mac = hmac.new(key.encode(), f"{stamp}.{text}".encode(), hashlib.sha256).hexdigest()
    scheme = "v0" if signature == "weak" else "v1"
    told = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "Stripe/1.0"}
    if signature != "unsigned":
        told["Stripe-Signature"] = f"t={stamp},{scheme}={mac}"
    return told


def queue(db: sqlite3.Connection, row: sqlite3.Row, kind: str, obj: dict[str, Any]) -> None:
    """Puts an event about a session, or a refund of it, on the queue, or what a fault makes of it."""
    account = accounts.known(db, row["account"])
    if not account["webhook_url"]:
        return
    fault = faults.take_in(
        db,
        "stripe",
        *_FAULTS,
        account=row["account"],
        out_trade_no=row["reference"],
        event=kind,
    )
    name = fault.name if fault else ""
    if name == "notify_silent":
        return
    signature, copies, delay, retry = "good", 1, 0.0, True
    stranger = ""
    if fault is not None and name == "notify_late":
        delay = fault.seconds
    elif fault is not None and name == "notify_twice":
        copies = int(fault.params.get("copies", 2))
    elif name == "notify_reordered":
        older = {"id": row["payment_intent"], "object": "payment_intent", "status": "processing"}
        body = event("payment_intent.created", older, created=row["created_at"])
        _enqueue(db, row, account, body, note=name, delay=0.5)
    elif fault is not None and name:
        retry = False
        if name == "notify_wrong_amount":
            key = "amount_total" if "amount_total" in obj else "amount"
            obj = obj | {key: int(fault.params.get("total", 1))}
        elif name == "notify_foreign_merchant":
            stranger = "acct_of_somebody_else"
        elif name == "notify_unknown_order":
            obj = obj | {"client_reference_id": "UNKNOWN" + secrets.token_hex(6).upper()}
        else:
            signature = name.removeprefix("notify_")
    body = event(kind, obj)
    if stranger:
        body = json.dumps(json.loads(body) | {"account": stranger}, ensure_ascii=False)
    for _ in range(copies):
        _enqueue(db, row, account, body, note=name, signature=signature, delay=delay, retry=retry)


def _enqueue(
    db: sqlite3.Connection,
    row: sqlite3.Row,
    account: sqlite3.Row,
    body: str,
    *,
    note: str,
    signature: str = "good",
    delay: float = 0.0,
    retry: bool = True,
) -> None:
    enqueue(
        db,
        provider="stripe",
        account=account["account"],
        event_id=json.loads(body)["id"],
        number=row["reference"],
        url=account["webhook_url"],
        body=body,
        note=note,
        signature=signature,
        delay=delay,
        retry=retry,
    )


def _headers(db: sqlite3.Connection, row: sqlite3.Row) -> Mapping[str, str]:
    secret = accounts.known(db, row["account"])["webhook_secret"]
    return wire(secret, row["body"], row["signature"])


def _accepted(status: int, _answer: str) -> bool:
    return 200 <= status < 300


def _lapse_all(db: sqlite3.Connection) -> int:
    from . import sessions

    return sessions.lapse_all(db)


def _idle(db: sqlite3.Connection) -> bool:
    now = time.time()
    return not db.execute(
        "SELECT 1 FROM stripe_session WHERE status = 'open' AND expires_at <= ?"
        " UNION ALL SELECT 1 FROM stripe_refund WHERE status = 'pending' AND due_at <= ? LIMIT 1",
        (now, now),
    ).fetchone()


SIDE = Side(headers=_headers, accepted=_accepted, lapse_all=_lapse_all, idle=_idle)
