"""Asking and deciding. The decision and what it sets off are one transaction: both stand or neither."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from shared_apps.audit.services import record
from shared_apps.identity.models import User

from .enums import TRANSITIONS, State
from .errors import AlreadyAsked, AlreadyDecided, Changed, NotYours, OwnRequest, ReasonNeeded
from .kinds import kinds
from .models import ApprovalRequest

Facts = Sequence[tuple[str, str]]


def ask(
    *,
    kind: str,
    subject_id: UUID,
    title: str,
    facts: Facts,
    requested_by: User | None,
    beneficiary: UUID | None = None,
) -> ApprovalRequest:
    """Asks a second person. One request waits for each thing; an unknown kind is an error of the wiring."""
    if kind not in kinds():
        raise LookupError(f"No line for {kind!r} in the wiring.")
    lines = [[str(label), str(text)] for label, text in facts]
    with transaction.atomic():
        request, fresh = ApprovalRequest.objects.get_or_create(
            kind=kind,
            subject_id=subject_id,
            state=State.PENDING,
            defaults={
                "title": title[:200],
                "facts": lines,
                "digest": _digest(title[:200], lines),
                "requested_by": requested_by,
                "beneficiary_id": beneficiary,
            },
        )
        if not fresh:
            raise AlreadyAsked
        record("approval.ask", obj=request, after={"kind": kind, "title": request.title})
    return request


def decide(
    *,
    request: ApprovalRequest,
    approved: bool,
    by: User,
    reason: str,
    digest: str,
    at: datetime,
) -> ApprovalRequest:
    """Approves or rejects, and carries it out. Locks the request.

    `digest` is that of the facts which the decider read. Whatever the carrying out raises undoes
    the decision with it.
    """
    with transaction.atomic():
        held = ApprovalRequest.objects.select_for_update().get(pk=request.pk)
        kind = kinds()[held.kind]
        if not by.has_role(*kind.roles):
            raise NotYours
        if by.pk == held.requested_by_id or by.public_id == held.beneficiary_id:
            raise OwnRequest
        state = State.APPROVED if approved else State.REJECTED
        _check(held, state)
        if digest != held.digest:
            raise Changed
        if not approved and not reason.strip():
            raise ReasonNeeded(field="reason")
        held.state, held.decided_by, held.decided_at = state, by, at
        held.reason = reason.strip()[:300]
        held.save(update_fields=["state", "decided_by", "decided_at", "reason"])
        kind.carry_out()(
            subject_id=held.subject_id, approved=approved, by=by, reason=held.reason, at=at
        )
        record(
            "approval.decide",
            obj=held,
            before={"state": State.PENDING.value},
            after={"state": state.value, "kind": held.kind, "digest": held.digest},
            note=held.reason,
        )
    return held


def withdraw(*, kind: str, subject_id: UUID, reason: str, at: datetime) -> None:
    """Takes back what still waits; nothing waiting is nothing to do. Locks the request."""
    with transaction.atomic():
        held = (
            ApprovalRequest.objects.select_for_update()
            .filter(kind=kind, subject_id=subject_id, state=State.PENDING)
            .first()
        )
        if held is None:
            return
        held.state, held.decided_at, held.reason = State.WITHDRAWN, at, reason[:300]
        held.save(update_fields=["state", "decided_at", "reason"])
        record("approval.withdraw", obj=held, before={"state": State.PENDING.value}, note=reason)


def _check(held: ApprovalRequest, state: State) -> None:
    if state not in TRANSITIONS[State(held.state)]:
        raise AlreadyDecided(state=State(held.state).label)


def _digest(title: str, lines: list[list[str]]) -> str:
    told = json.dumps([title, lines], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(told.encode()).hexdigest()
