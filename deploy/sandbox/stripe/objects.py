"""Stripe's objects as its API and its events show them."""

from __future__ import annotations

import json
import sqlite3
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

RATE, FIXED = Decimal("0.034"), 235  # 3.4 % and 2.35 in minor units of the currency
Object = dict[str, Any]


def charge_id(session: sqlite3.Row) -> str:
    return f"ch_{session['payment_intent'].removeprefix('pi_')}"


def fee(amount: int) -> int:
    return int((amount * RATE).quantize(Decimal(1), rounding=ROUND_HALF_UP)) + FIXED


def session(row: sqlite3.Row, *, url: str = "", expand: bool = False) -> Object:
    paid = row["status"] == "complete"
    intent: str | Object | None = row["payment_intent"] if paid else None
    if expand and paid:
        intent = payment_intent(row)
    return {
        "id": row["id"],
        "object": "checkout.session",
        "amount_total": row["amount"],
        "amount_subtotal": row["amount"],
        "cancel_url": row["cancel_url"],
        "client_reference_id": row["reference"],
        "created": int(row["created_at"]),
        "currency": row["currency"],
        "expires_at": int(row["expires_at"]),
        "livemode": False,
        "metadata": json.loads(row["session_metadata"]),
        "mode": "payment",
        "payment_intent": intent,
        "payment_status": "paid" if paid else "unpaid",
        "status": row["status"],
        "success_url": row["success_url"],
        "url": f"{url}/stripe/pay/{row['id']}" if row["status"] == "open" else None,
    }


def charge(row: sqlite3.Row) -> Object:
    return {
        "id": charge_id(row),
        "object": "charge",
        "amount": row["amount"],
        "amount_refunded": row["refunded"],
        "created": int(row["paid_at"]),
        "currency": row["currency"],
        "livemode": False,
        "metadata": json.loads(row["intent_metadata"]),
        "paid": True,
        "payment_intent": row["payment_intent"],
        "refunded": row["refunded"] == row["amount"],
        "status": "succeeded",
    }


def payment_intent(row: sqlite3.Row) -> Object:
    return {
        "id": row["payment_intent"],
        "object": "payment_intent",
        "amount": row["amount"],
        "amount_received": row["amount"],
        "created": int(row["created_at"]),
        "currency": row["currency"],
        "latest_charge": charge(row),
        "livemode": False,
        "metadata": json.loads(row["intent_metadata"]),
        "status": "succeeded",
    }


def refund(row: sqlite3.Row, of: sqlite3.Row) -> Object:
    failed = row["status"] == "failed"
    return {
        "id": row["id"],
        "object": "refund",
        "amount": row["amount"],
        "charge": charge_id(of),
        "created": int(row["created_at"]),
        "currency": of["currency"],
        "metadata": json.loads(row["metadata"]),
        "payment_intent": of["payment_intent"],
        "reason": None,
        "status": row["status"],
        **({"failure_reason": "lost_or_stolen_card"} if failed else {}),
    }


def balance_transaction(kind: str, source: Object, amount: int, cost: int) -> Object:
    return {
        "id": f"txn_{source['id'].partition('_')[2]}",
        "object": "balance_transaction",
        "amount": amount,
        "created": source["created"],
        "currency": source["currency"],
        "fee": cost,
        "net": amount - cost,
        "reporting_category": kind,
        "source": source,
        "status": "available",
        "type": kind,
    }
