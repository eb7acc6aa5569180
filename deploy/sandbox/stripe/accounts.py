"""Accounts known to Stripe: a secret key to be called with, a webhook secret to sign with."""

from __future__ import annotations

import secrets
import sqlite3

from sandbox.store import Store


def register(store: Store, *, account: str, name: str, webhook_url: str) -> sqlite3.Row:
    """Safe to repeat: the secrets stay, name and address of the webhook are replaced."""
    with store.write() as db:
        db.execute(
            "INSERT INTO stripe_account VALUES (?, ?, ?, ?, ?) ON CONFLICT (account) DO UPDATE"
            " SET name = excluded.name, webhook_url = excluded.webhook_url",
            (
                account or f"acct_{secrets.token_hex(8)}",
                name or "demo",
                f"sk_test_{secrets.token_hex(24)}",
                f"whsec_{secrets.token_hex(24)}",
                webhook_url,
            ),
        )
        row: sqlite3.Row = db.execute(
            "SELECT * FROM stripe_account WHERE account = ? OR (? = '' AND rowid ="
            " last_insert_rowid())",
            (account, account),
        ).fetchone()
    return row


def by_key(db: sqlite3.Connection, secret_key: str) -> sqlite3.Row | None:
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM stripe_account WHERE secret_key = ?", (secret_key,)
    ).fetchone()
    return row


def known(db: sqlite3.Connection, account: str) -> sqlite3.Row:
    """An account that must exist, because a session of it does."""
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM stripe_account WHERE account = ?", (account,)
    ).fetchone()
    if row is None:
        raise LookupError(account)
    return row
