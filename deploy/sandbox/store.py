"""The one SQLite file that outlives a restart. A connection per use; writers take the lock first."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SCHEMA = """
CREATE TABLE IF NOT EXISTS merchant (
    app_id TEXT PRIMARY KEY,
    seller_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    merchant_public_key TEXT NOT NULL,
    alipay_private_key TEXT NOT NULL,
    alipay_public_key TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS trade (
    trade_no TEXT PRIMARY KEY,
    app_id TEXT NOT NULL REFERENCES merchant,
    out_trade_no TEXT NOT NULL,
    subject TEXT NOT NULL,
    total_fen INTEGER NOT NULL CHECK (total_fen > 0),
    refunded_fen INTEGER NOT NULL DEFAULT 0 CHECK (refunded_fen BETWEEN 0 AND total_fen),
    status TEXT NOT NULL CHECK (status IN ('WAIT_BUYER_PAY', 'TRADE_SUCCESS', 'TRADE_CLOSED')),
    kind TEXT NOT NULL CHECK (kind IN ('page', 'qr')),
    notify_url TEXT NOT NULL,
    return_url TEXT NOT NULL,
    created_at REAL NOT NULL,
    expires_at REAL NOT NULL,
    opened_at REAL,
    paid_at REAL,
    closed_at REAL,
    UNIQUE (app_id, out_trade_no)
);
CREATE TABLE IF NOT EXISTS refund (
    trade_no TEXT NOT NULL REFERENCES trade,
    out_request_no TEXT NOT NULL,
    amount_fen INTEGER NOT NULL CHECK (amount_fen > 0),
    reason TEXT NOT NULL,
    refunded_at REAL NOT NULL,
    PRIMARY KEY (trade_no, out_request_no)
);
CREATE TABLE IF NOT EXISTS notice (
    id INTEGER PRIMARY KEY,
    provider TEXT NOT NULL DEFAULT 'alipay',
    account TEXT NOT NULL DEFAULT '',
    notify_id TEXT NOT NULL,
    out_trade_no TEXT NOT NULL,
    url TEXT NOT NULL,
    body TEXT NOT NULL,
    note TEXT NOT NULL DEFAULT '',
    signature TEXT NOT NULL DEFAULT 'good',
    state TEXT NOT NULL CHECK (state IN ('WAITING', 'SENDING', 'DELIVERED', 'GIVEN_UP')),
    attempts INTEGER NOT NULL DEFAULT 0,
    retry INTEGER NOT NULL DEFAULT 1,
    due_at REAL NOT NULL,
    answer TEXT NOT NULL DEFAULT '',
    created_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS notice_due ON notice (due_at) WHERE state = 'WAITING';
CREATE TABLE IF NOT EXISTS wechat_merchant (
    mchid TEXT PRIMARY KEY,
    appid TEXT NOT NULL,
    name TEXT NOT NULL,
    serial_no TEXT NOT NULL,
    merchant_public_key TEXT NOT NULL,
    api_v3_key TEXT NOT NULL,
    platform_private_key TEXT NOT NULL,
    platform_public_key TEXT NOT NULL,
    public_key_id TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS wechat_trade (
    transaction_id TEXT PRIMARY KEY,
    mchid TEXT NOT NULL REFERENCES wechat_merchant,
    out_trade_no TEXT NOT NULL,
    description TEXT NOT NULL,
    total_fen INTEGER NOT NULL CHECK (total_fen > 0),
    refunded_fen INTEGER NOT NULL DEFAULT 0 CHECK (refunded_fen BETWEEN 0 AND total_fen),
    status TEXT NOT NULL CHECK (status IN ('NOTPAY', 'SUCCESS', 'REFUND', 'CLOSED')),
    kind TEXT NOT NULL CHECK (kind IN ('NATIVE', 'MWEB', 'JSAPI')),
    token TEXT NOT NULL UNIQUE,
    openid TEXT NOT NULL,
    notify_url TEXT NOT NULL,
    return_url TEXT NOT NULL DEFAULT '',
    created_at REAL NOT NULL,
    expires_at REAL NOT NULL,
    paid_at REAL,
    UNIQUE (mchid, out_trade_no)
);
CREATE TABLE IF NOT EXISTS wechat_refund (
    refund_id TEXT PRIMARY KEY,
    transaction_id TEXT NOT NULL REFERENCES wechat_trade,
    mchid TEXT NOT NULL,
    out_refund_no TEXT NOT NULL,
    amount_fen INTEGER NOT NULL CHECK (amount_fen > 0),
    status TEXT NOT NULL CHECK (status IN ('SUCCESS', 'PROCESSING', 'CLOSED', 'ABNORMAL')),
    destiny TEXT NOT NULL CHECK (destiny IN ('SUCCESS', 'CLOSED', 'ABNORMAL')),
    notify_url TEXT NOT NULL,
    created_at REAL NOT NULL,
    due_at REAL NOT NULL,
    success_at REAL,
    UNIQUE (mchid, out_refund_no)
);
CREATE TABLE IF NOT EXISTS stripe_account (
    account TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    secret_key TEXT NOT NULL UNIQUE,
    webhook_secret TEXT NOT NULL,
    webhook_url TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS stripe_session (
    id TEXT PRIMARY KEY,
    account TEXT NOT NULL REFERENCES stripe_account,
    payment_intent TEXT NOT NULL UNIQUE,
    reference TEXT NOT NULL,
    name TEXT NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0),
    refunded INTEGER NOT NULL DEFAULT 0 CHECK (refunded BETWEEN 0 AND amount),
    currency TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('open', 'complete', 'expired')),
    success_url TEXT NOT NULL,
    cancel_url TEXT NOT NULL,
    session_metadata TEXT NOT NULL,
    intent_metadata TEXT NOT NULL,
    created_at REAL NOT NULL,
    expires_at REAL NOT NULL,
    paid_at REAL
);
CREATE TABLE IF NOT EXISTS stripe_refund (
    id TEXT PRIMARY KEY,
    session TEXT NOT NULL REFERENCES stripe_session,
    amount INTEGER NOT NULL CHECK (amount > 0),
    status TEXT NOT NULL CHECK (status IN ('pending', 'succeeded', 'failed')),
    destiny TEXT NOT NULL CHECK (destiny IN ('succeeded', 'failed')),
    metadata TEXT NOT NULL,
    created_at REAL NOT NULL,
    due_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS stripe_key (
    account TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    status INTEGER NOT NULL,
    answer TEXT NOT NULL,
    PRIMARY KEY (account, key)
);
CREATE TABLE IF NOT EXISTS supplier (
    slug TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    username TEXT NOT NULL,
    password TEXT NOT NULL,
    service_id TEXT NOT NULL,
    seconds REAL,
    plans TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS instance (
    slug TEXT NOT NULL,
    instance_id TEXT NOT NULL,
    service_id TEXT NOT NULL,
    plan_id TEXT NOT NULL,
    parameters TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('CREATING', 'READY', 'FAILED', 'DELETING', 'DELETED')),
    destiny TEXT NOT NULL CHECK (destiny IN ('succeed', 'fail', 'never')),
    operation TEXT NOT NULL,
    due_at REAL NOT NULL,
    times_created INTEGER NOT NULL DEFAULT 0,
    times_asked INTEGER NOT NULL DEFAULT 0,
    created_at REAL NOT NULL,
    PRIMARY KEY (slug, instance_id)
);
CREATE TABLE IF NOT EXISTS binding (
    slug TEXT NOT NULL,
    instance_id TEXT NOT NULL,
    binding_id TEXT NOT NULL,
    credentials TEXT NOT NULL,
    PRIMARY KEY (slug, instance_id, binding_id)
);
CREATE TABLE IF NOT EXISTS sms_key (
    access_key_id TEXT PRIMARY KEY,
    access_key_secret TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS sms_template (
    code TEXT PRIMARY KEY,
    text TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS message (
    id INTEGER PRIMARY KEY,
    channel TEXT NOT NULL CHECK (channel IN ('sms', 'mail')),
    recipient TEXT NOT NULL,
    sender TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    data TEXT NOT NULL DEFAULT '{}',
    created_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS message_recipient ON message (recipient, id);
CREATE TABLE IF NOT EXISTS fault (
    id INTEGER PRIMARY KEY,
    part TEXT NOT NULL,
    fault TEXT NOT NULL,
    remaining INTEGER,
    used INTEGER NOT NULL DEFAULT 0,
    match TEXT NOT NULL,
    params TEXT NOT NULL,
    created_at REAL NOT NULL
);
"""


_ADDED = (("provider", "'alipay'"), ("account", "''"), ("signature", "'good'"))


def _add_columns(db: sqlite3.Connection) -> None:
    """A file that was made before there was more than one provider gets what it lacks."""
    known = {row["name"] for row in db.execute("PRAGMA table_info(notice)")}
    for name, default in _ADDED:
        if name not in known:
            db.execute(f"ALTER TABLE notice ADD COLUMN {name} TEXT NOT NULL DEFAULT {default}")


class Store:
    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        with self._connect() as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.executescript(SCHEMA)
            _add_columns(db)
        db.close()

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path, timeout=30, isolation_level=None)
        db.row_factory = sqlite3.Row
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute("PRAGMA foreign_keys = ON")
        return db

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        db = self._connect()
        try:
            yield db
        finally:
            db.close()

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction that holds the write lock from its start, so that reads in it stay true."""
        db = self._connect()
        try:
            db.execute("BEGIN IMMEDIATE")
            yield db
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
        finally:
            db.close()
