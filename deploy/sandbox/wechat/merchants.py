"""Merchants known to WeChat Pay. Each gets its own platform key, so that keys cannot be mixed up."""

from __future__ import annotations

import secrets
import sqlite3

from sandbox.alipay import signing
from sandbox.store import Store

API_V3_KEY_BYTES = 32


def register(
    store: Store,
    *,
    appid: str,
    serial_no: str,
    merchant_public_key: str,
    api_v3_key: str,
    name: str,
) -> sqlite3.Row:
    """Safe to repeat: mchid and platform key stay, what is the merchant's own is replaced."""
    signing.load_public_key(merchant_public_key)
    if len(api_v3_key.encode()) != API_V3_KEY_BYTES or not serial_no or not appid:
        raise ValueError("appid, serial_no, and an api_v3_key of 32 signs")
    with store.read() as db:
        known = db.execute("SELECT * FROM wechat_merchant WHERE appid = ?", (appid,)).fetchone()
    private, public = ("", "") if known else signing.new_key_pair()
    with store.write() as db:
        if known is None:
            mchid = "16" + "".join(secrets.choice("0123456789") for _ in range(8))
            db.execute(
                "INSERT INTO wechat_merchant VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    mchid,
                    appid,
                    name or appid,
                    serial_no,
                    merchant_public_key,
                    api_v3_key,
                    private,
                    _pem(public),
                    f"PUB_KEY_ID_0{mchid}{secrets.token_hex(10).upper()}",
                ),
            )
        else:
            mchid = known["mchid"]
            db.execute(
                "UPDATE wechat_merchant SET serial_no = ?, merchant_public_key = ?, api_v3_key = ?,"
                " name = coalesce(nullif(?, ''), name) WHERE mchid = ?",
                (serial_no, merchant_public_key, api_v3_key, name, mchid),
            )
        return known_merchant(db, mchid)


def _pem(line: str) -> str:
    """The key as merchants download it."""
    body = "\n".join(line[at : at + 64] for at in range(0, len(line), 64))
    return f"-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n"


def find(db: sqlite3.Connection, mchid: str) -> sqlite3.Row | None:
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM wechat_merchant WHERE mchid = ?", (mchid,)
    ).fetchone()
    return row


def known_merchant(db: sqlite3.Connection, mchid: str) -> sqlite3.Row:
    """A merchant that must exist, because a trade of his does."""
    row = find(db, mchid)
    if row is None:
        raise LookupError(mchid)
    return row
