"""Merchants known to the provider. Each gets its own provider key, so that keys cannot be mixed up."""

from __future__ import annotations

import secrets
import sqlite3

from sandbox.store import Store

from . import signing


def register(store: Store, *, app_id: str, merchant_public_key: str, name: str) -> sqlite3.Row:
    """Safe to repeat: the seller id and the provider's key stay, the merchant's key is replaced."""
    signing.load_public_key(merchant_public_key)
    with store.read() as db:
        known = find(db, app_id)
    private, public = ("", "") if known else signing.new_key_pair()
    with store.write() as db:
        if known is None:
            seller_id = "2088" + "".join(secrets.choice("0123456789") for _ in range(12))
            db.execute(
                "INSERT INTO merchant VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (app_id) DO NOTHING",
                (app_id, seller_id, name or app_id, merchant_public_key, private, public),
            )
        db.execute(
            "UPDATE merchant SET merchant_public_key = ?, name = coalesce(nullif(?, ''), name)"
            " WHERE app_id = ?",
            (merchant_public_key, name, app_id),
        )
        row = known_merchant(db, app_id)
    return row


def find(db: sqlite3.Connection, app_id: str) -> sqlite3.Row | None:
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM merchant WHERE app_id = ?", (app_id,)
    ).fetchone()
    return row


def known_merchant(db: sqlite3.Connection, app_id: str) -> sqlite3.Row:
    """A merchant that must exist, because a trade of his does."""
    row = find(db, app_id)
    if row is None:
        raise LookupError(app_id)
    return row
