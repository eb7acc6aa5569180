"""Stripe's own record of sessions and refunds: what is paid stays paid, refunds never exceed it."""

from __future__ import annotations

import secrets
import sqlite3
import time

from . import notices, objects

SHORTEST, LONGEST = 30 * 60, 24 * 3600


class Refused(Exception):
    """A refusal, as Stripe words it."""

    def __init__(
        self, code: str, text: str, *, status: int = 400, kind: str = "invalid_request_error"
    ) -> None:
        super().__init__(code)
        self.code = code
        self.text = text
        self.status = status
        self.kind = kind


def find(db: sqlite3.Connection, account: str, name: str) -> sqlite3.Row:
    """By the id of the session or of its payment intent."""
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM stripe_session WHERE ? IN ('', account) AND ? IN (id, payment_intent)",
        (account, name),
    ).fetchone()
    if row is None:
        raise Refused("resource_missing", f"No such object: '{name}'", status=404)
    return lapse(db, row)


def create(
    db: sqlite3.Connection,
    *,
    account: str,
    reference: str,
    name: str,
    amount: int,
    currency: str,
    success_url: str,
    cancel_url: str,
    session_metadata: str,
    intent_metadata: str,
    expires_at: float,
) -> sqlite3.Row:
    now = time.time()
    if not SHORTEST <= expires_at - int(now) <= LONGEST:
        raise Refused(
            "",
            "The `expires_at` timestamp must be at least 30 minutes and at most 24 hours from"
            " Checkout Session creation.",
        )
    number = f"cs_test_{secrets.token_hex(29)}"
    db.execute(
        "INSERT INTO stripe_session (id, account, payment_intent, reference, name, amount, currency,"
        " status, success_url, cancel_url, session_metadata, intent_metadata, created_at,"
        " expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, 'open', ?, ?, ?, ?, ?, ?)",
        (
            number,
            account,
            f"pi_{secrets.token_hex(12)}",
            reference,
            name,
            amount,
            currency,
            success_url,
            cancel_url,
            session_metadata,
            intent_metadata,
            now,
            expires_at,
        ),
    )
    return find(db, account, number)


def lapse(db: sqlite3.Connection, row: sqlite3.Row) -> sqlite3.Row:
    if row["status"] != "open" or row["expires_at"] > time.time():
        return row
    return _expire(db, row)


def _expire(db: sqlite3.Connection, row: sqlite3.Row) -> sqlite3.Row:
    db.execute("UPDATE stripe_session SET status = 'expired' WHERE id = ?", (row["id"],))
    found = find(db, row["account"], row["id"])
    notices.queue(db, found, "checkout.session.expired", objects.session(found))
    return found


def expire(db: sqlite3.Connection, row: sqlite3.Row) -> sqlite3.Row:
    if row["status"] != "open":
        raise Refused(
            "", f"Only Checkout Sessions with a status of `open` can be expired: {row['status']}"
        )
    return _expire(db, row)


def pay(db: sqlite3.Connection, row: sqlite3.Row) -> sqlite3.Row:
    """The buyer pays the whole amount; paying again changes nothing and notifies nobody."""
    row = lapse(db, row)
    if row["status"] == "complete":
        return row
    if row["status"] == "expired":
        raise Refused("", "This Checkout Session has expired.")
    db.execute(
        "UPDATE stripe_session SET status = 'complete', paid_at = ? WHERE id = ?",
        (time.time(), row["id"]),
    )
    found = find(db, row["account"], row["id"])
    notices.queue(db, found, "checkout.session.completed", objects.session(found))
    return found


def refund(
    db: sqlite3.Connection,
    row: sqlite3.Row,
    *,
    amount: int,
    metadata: str,
    destiny: str = "succeeded",
    seconds: float = 0.0,
) -> sqlite3.Row:
    if row["status"] != "complete":
        raise Refused("payment_intent_unexpected_state", "This PaymentIntent has no charge.")
    left = row["amount"] - row["refunded"]
    if left == 0:
        raise Refused("charge_already_refunded", "Charge has already been refunded.")
    if amount > left:
        raise Refused("", f"Refund amount is greater than unrefunded amount on charge ({left})")
    now = time.time()
    number = f"re_{secrets.token_hex(12)}"
    db.execute(
        "INSERT INTO stripe_refund VALUES (?, ?, ?, 'pending', ?, ?, ?, ?)",
        (number, row["id"], amount, destiny, metadata, now, now + seconds),
    )
    db.execute(
        "UPDATE stripe_session SET refunded = refunded + ? WHERE id = ?", (amount, row["id"])
    )
    return settle(db, find_refund(db, row["account"], number))


def find_refund(db: sqlite3.Connection, account: str, number: str) -> sqlite3.Row:
    row: sqlite3.Row | None = db.execute(
        "SELECT r.* FROM stripe_refund r JOIN stripe_session s ON s.id = r.session"
        " WHERE s.account = ? AND r.id = ?",
        (account, number),
    ).fetchone()
    if row is None:
        raise Refused("resource_missing", f"No such refund: '{number}'", status=404)
    return row


def refunds_of(db: sqlite3.Connection, row: sqlite3.Row) -> list[sqlite3.Row]:
    found = db.execute(
        "SELECT * FROM stripe_refund WHERE session = ? ORDER BY created_at DESC", (row["id"],)
    ).fetchall()
    return [settle(db, refund) for refund in found]


def settle(db: sqlite3.Connection, refund: sqlite3.Row) -> sqlite3.Row:
    """What a refund was destined to become, once its time is there; a failed one gives money back."""
    if refund["status"] != "pending" or refund["due_at"] > time.time():
        return refund
    db.execute("UPDATE stripe_refund SET status = destiny WHERE id = ?", (refund["id"],))
    if refund["destiny"] == "failed":
        db.execute(
            "UPDATE stripe_session SET refunded = refunded - ? WHERE id = ?",
            (refund["amount"], refund["session"]),
        )
    of = find(db, "", refund["session"])
    found = find_refund(db, of["account"], refund["id"])
    kind = "refund.failed" if found["status"] == "failed" else "refund.updated"
    notices.queue(db, of, kind, objects.refund(found, of))
    return found


def lapse_all(db: sqlite3.Connection) -> int:
    now = time.time()
    late = db.execute(
        "SELECT * FROM stripe_session WHERE status = 'open' AND expires_at <= ?", (now,)
    ).fetchall()
    for row in late:
        lapse(db, row)
    due = db.execute(
        "SELECT * FROM stripe_refund WHERE status = 'pending' AND due_at <= ?", (now,)
    ).fetchall()
    for refund in due:
        settle(db, refund)
    return len(late) + len(due)
