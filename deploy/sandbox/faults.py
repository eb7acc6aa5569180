"""Misbehaviour on demand: what can go wrong, how often, and for whom."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .store import Store


class UnknownFault(ValueError):
    """The part has no such fault."""


@dataclass(frozen=True, slots=True)
class FaultKind:
    """`match` and `params` are used where the person who sets the fault does not say."""

    part: str
    name: str
    title: str
    match: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fault:
    name: str
    params: Mapping[str, Any]

    @property
    def seconds(self) -> float:
        return float(self.params.get("seconds", 30))


_OPENING = {"operation": "provision"}
_BINDING = {"operation": "bind"}


def _provider(part: str) -> tuple[FaultKind, ...]:
    """What every later payment provider can do wrong."""
    return (
        FaultKind(part, "notify_late", "通知迟到", params={"seconds": 5}),
        FaultKind(part, "notify_twice", "同一通知同时送达两次", params={"copies": 2}),
        FaultKind(part, "notify_reordered", "通知的先后次序颠倒"),
        FaultKind(part, "notify_silent", "不发通知"),
        FaultKind(part, "notify_forged", "通知由他人的密钥签名"),
        FaultKind(part, "notify_altered", "通知签名后内容被改"),
        FaultKind(part, "notify_unsigned", "通知没有签名"),
        FaultKind(part, "notify_weak", "通知以弱算法签名"),
        FaultKind(part, "notify_stale", "通知签名有效但时间是 2001 年"),
        FaultKind(part, "notify_wrong_amount", "通知签名有效但金额不符"),
        FaultKind(part, "notify_foreign_merchant", "通知签名有效但属于另一商户"),
        FaultKind(part, "notify_unknown_order", "通知签名有效但订单号不存在"),
        FaultKind(part, "gateway_timeout_before", "网关未处理即不应答", params={"seconds": 30}),
        FaultKind(part, "gateway_timeout_after", "网关已处理但不应答", params={"seconds": 30}),
        FaultKind(part, "gateway_500", "网关返回 500"),
        FaultKind(part, "gateway_busy", "网关系统繁忙，未处理"),
        FaultKind(part, "gateway_busy_after", "网关称系统繁忙，实已处理"),
        FaultKind(part, "refund_pending", "退款已受理但尚未完成", params={"seconds": 1}),
        FaultKind(part, "refund_rejected", "退款被拒绝"),
    )


def _billing(part: str) -> tuple[FaultKind, ...]:
    return (
        FaultKind(part, "bill_not_ready", "账单尚未生成"),
        FaultKind(part, "bill_lacks", "账单少一笔"),
        FaultKind(part, "bill_adds", "账单多一笔"),
        FaultKind(part, "bill_differs", "账单有一笔金额多一分"),
    )


KINDS: tuple[FaultKind, ...] = (
    FaultKind("alipay", "notify_late", "通知迟到", params={"seconds": 5}),
    FaultKind("alipay", "notify_twice", "同一通知同时送达两次", params={"copies": 2}),
    FaultKind("alipay", "notify_reordered", "成功通知之后又送来更早的等待付款通知"),
    FaultKind("alipay", "notify_silent", "不发通知"),
    FaultKind("alipay", "notify_forged", "通知由他人的密钥签名"),
    FaultKind("alipay", "notify_altered", "通知签名后金额被改"),
    FaultKind("alipay", "notify_unsigned", "通知没有签名"),
    FaultKind("alipay", "notify_sha1", "通知以 RSA（SHA-1）签名"),
    FaultKind("alipay", "notify_sha1_as_rsa2", "通知自称 RSA2，实为 SHA-1 签名"),
    FaultKind("alipay", "notify_wrong_amount", "通知签名有效但金额不符", params={"amount": "0.01"}),
    FaultKind("alipay", "notify_foreign_merchant", "通知签名有效但属于另一商户"),
    FaultKind("alipay", "notify_unknown_order", "通知签名有效但订单号不存在"),
    FaultKind("alipay", "gateway_timeout_before", "网关未处理即不应答", params={"seconds": 30}),
    FaultKind("alipay", "gateway_timeout_after", "网关已处理但不应答", params={"seconds": 30}),
    FaultKind("alipay", "gateway_500", "网关返回 500"),
    FaultKind("alipay", "gateway_bad_signature", "网关应答的签名无效"),
    FaultKind("alipay", "gateway_sha1_signature", "网关应答以 SHA-1 签名"),
    FaultKind("alipay", "gateway_busy", "网关系统繁忙，未处理"),
    FaultKind("alipay", "gateway_busy_after", "网关称系统繁忙，实已处理"),
    FaultKind("alipay", "refund_pending", "退款已受理但尚未完成（fund_change=N）"),
    FaultKind("alipay", "refund_rejected", "退款被拒绝"),
    *_billing("alipay"),
    *_provider("wechat"),
    FaultKind("wechat", "notify_wrong_serial", "通知的平台公钥编号不符"),
    FaultKind("wechat", "notify_unreadable", "通知签名有效但内容由他人的密钥加密"),
    FaultKind("wechat", "gateway_bad_signature", "网关应答的签名无效"),
    FaultKind("wechat", "refund_closes", "退款已受理，随后关闭", params={"seconds": 1}),
    FaultKind("wechat", "refund_abnormal", "退款已受理，随后异常", params={"seconds": 1}),
    FaultKind("wechat", "bill_altered", "账单的摘要不符"),
    *_billing("wechat"),
    *_provider("stripe"),
    FaultKind("stripe", "refund_fails", "退款已受理，随后失败", params={"seconds": 1}),
    FaultKind("osb", "timeout_before", "未处理即不应答", _OPENING, {"seconds": 30}),
    FaultKind("osb", "timeout_after", "已处理但不应答", _OPENING, {"seconds": 30}),
    FaultKind("osb", "error_500", "返回 500，未处理", _OPENING),
    FaultKind("osb", "orphan", "返回 500，实已开通（遗留资源）", _OPENING),
    FaultKind("osb", "concurrency_422", "返回 422 并发冲突", _OPENING),
    FaultKind("osb", "too_many_429", "返回 429，请稍后", _OPENING, {"retry_after": 1}),
    FaultKind("osb", "malformed", "应答不是 JSON", _OPENING),
    FaultKind("osb", "never_ready", "一直处于开通中", _OPENING),
    FaultKind("osb", "operation_fails", "受理后开通失败", _OPENING),
    FaultKind("osb", "bind_fails", "绑定失败", _BINDING, {"status": 500}),
    FaultKind("osb", "delay", "应答变慢", params={"seconds": 3}),
    FaultKind("sms", "limited", "返回业务限流"),
    FaultKind("sms", "error_500", "返回 500，未发送"),
    FaultKind("sms", "timeout", "不应答", params={"seconds": 30}),
    FaultKind("sms", "lost", "受理成功但短信未送达"),
)
_BY_NAME = {(kind.part, kind.name): kind for kind in KINDS}


def _matches(wanted: Mapping[str, Any], facts: Mapping[str, str]) -> bool:
    return all(facts.get(key) == str(value) for key, value in wanted.items())


class Faults:
    def __init__(self, store: Store) -> None:
        self._store = store

    def set(
        self,
        *,
        part: str,
        fault: str,
        times: int | None,
        match: Mapping[str, Any],
        params: Mapping[str, Any],
    ) -> int:
        """Arms a fault for the next `times` fitting occasions; None means until it is cleared."""
        kind = _BY_NAME.get((part, fault))
        if kind is None:
            raise UnknownFault(f"{part}/{fault}")
        with self._store.write() as db:
            cursor = db.execute(
                "INSERT INTO fault (part, fault, remaining, match, params, created_at)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (
                    part,
                    fault,
                    times,
                    json.dumps({**kind.match, **match}),
                    json.dumps({**kind.params, **params}),
                    time.time(),
                ),
            )
            return int(cursor.lastrowid or 0)

    def listing(self) -> list[dict[str, Any]]:
        with self._store.read() as db:
            rows = db.execute("SELECT * FROM fault ORDER BY id").fetchall()
        return [
            dict(row) | {"match": json.loads(row["match"]), "params": json.loads(row["params"])}
            for row in rows
        ]

    def clear(self, *, part: str = "", fault_id: int | None = None) -> None:
        with self._store.write() as db:
            if fault_id is not None:
                db.execute("DELETE FROM fault WHERE id = ?", (fault_id,))
            elif part:
                db.execute("DELETE FROM fault WHERE part = ?", (part,))
            else:
                db.execute("DELETE FROM fault")

    def take(self, part: str, *names: str, **facts: str) -> Fault | None:
        """Uses up one occasion of the oldest armed fault that fits, or None."""
        with self._store.read() as db:
            if _candidate(db, part, names, facts) is None:
                return None
        with self._store.write() as db:
            return take_in(db, part, *names, **facts)


def _candidate(
    db: sqlite3.Connection, part: str, names: tuple[str, ...], facts: Mapping[str, str]
) -> sqlite3.Row | None:
    rows = db.execute(
        "SELECT * FROM fault WHERE part = ? AND (remaining IS NULL OR remaining > 0) ORDER BY id",
        (part,),
    )
    for row in rows:
        if row["fault"] in names and _matches(json.loads(row["match"]), facts):
            found: sqlite3.Row = row
            return found
    return None


def take_in(db: sqlite3.Connection, part: str, *names: str, **facts: str) -> Fault | None:
    """The same inside a write transaction that the caller already holds."""
    row = _candidate(db, part, names, facts)
    if row is None:
        return None
    db.execute(
        "UPDATE fault SET used = used + 1, remaining = remaining - 1 WHERE id = ?", (row["id"],)
    )
    return Fault(name=row["fault"], params=json.loads(row["params"]))
