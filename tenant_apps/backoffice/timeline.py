"""Who did what to an object, for `c-timeline`: the audit in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Choices
from django.utils.translation import gettext as _

from billing.payments.enums import RefundState
from shared_apps.audit.models import Record
from tenant_apps.fulfilment.enums import ResourceState, WorkState
from tenant_apps.orders.enums import OrderState

from . import words
from .cells import AMBER, GREEN, GREY, RED

_STATES: Mapping[str, type[Choices]] = {
    "work_order": WorkState,
    "order": OrderState,
    "resource": ResourceState,
    "refund": RefundState,
}
_TONES = {
    "order_line.failed": RED,
    "payment.notification_refused": RED,
    "order.cancel": GREY,
    "order_line.open": GREEN,
    "order.finish": GREEN,
    "order.pay": GREEN,
    "payment.succeed": GREEN,
    "resource.open": GREEN,
    "order_line.refunded": AMBER,
    "refund.request": AMBER,
    "invoice.issue": GREEN,
    "invoice.reject": RED,
    "invoice.reverse": AMBER,
    "resource.terminate": AMBER,
}


def events(records: Iterable[Record]) -> list[dict[str, Any]]:
    return [
        {
            "at": record.at,
            "title": words.action(record.action),
            "text": record.note or _state(record),
            "who": record.actor_name or words.actor_kind(record.actor_kind),
            "tone": _TONES.get(record.action, GREY),
        }
        for record in records
    ]


def _state(record: Record) -> str:
    """The state that a step led to, in the words of what took it."""
    choices = _STATES.get(record.action.partition(".")[0])
    code = (record.after or {}).get("state")
    if choices is WorkState and code == WorkState.PROVISIONING:
        return _("供应商处理中")  # it opens or ends: the record does not say which
    return str(choices(code).label) if choices and code in choices.values else ""


def changes(record: Record) -> list[dict[str, str]]:
    """What a record changed, name by name."""
    before, after = record.before or {}, record.after or {}
    names = [*before, *(name for name in after if name not in before)]
    return [
        {"name": name, "before": _said(before.get(name)), "after": _said(after.get(name))}
        for name in names
    ]


def _said(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if isinstance(value, list):
        return _("、").join(str(one) for one in value)
    return str(value)
