"""A difference is explained, or adjusted by an event that a second person approves."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from billing.ledger.services import post_event
from billing.payments.parties import channel_party
from billing.reconciliation.enums import (
    TREATMENT_TRANSITIONS,
    DayState,
    LineKind,
    Result,
    Treatment,
)
from billing.reconciliation.errors import (
    BooksFirst,
    LineNotFound,
    NothingToMove,
    NotOpen,
    ReasonNeeded,
)
from billing.reconciliation.models import ReconciledDay, ReconciledLine
from billing.reconciliation.queries import state_by_lines
from shared_apps.approvals.services import ask
from shared_apps.audit.services import record
from shared_apps.identity.models import User
from shared_apps.kernel.money import Money

KIND = "reconciliation.adjust"


def explain(*, line: ReconciledLine, reason: str, by: User, at: datetime) -> ReconciledLine:
    """No money moves: the reason is kept. The other half of a line found on another day goes with it.

    Locks the day and the line.
    """
    text = _reason(reason)
    with transaction.atomic():
        held = _held(line)
        halves = [held, *_other_half(held)]
        for half in halves:
            _move(half, Treatment.EXPLAINED, text, by, at)
        for day in {half.day_id: half.day for half in halves}.values():
            _refresh(day)
    return held


def adjust(*, line: ReconciledLine, reason: str, by: User, at: datetime) -> ReconciledLine:
    """Asks a second person to let the books follow the provider. Locks the day and the line."""
    text = _reason(reason)
    with transaction.atomic():
        held = _held(line)
        gap = held.gap
        if held.result == Result.BOOKS:
            raise BooksFirst
        if not gap.minor:
            raise NothingToMove
        _move(held, Treatment.ASKED, text, by, at)
        ask(
            kind=KIND,
            subject_id=held.public_id,
            title=_("对账调账：%(account)s %(day)s %(what)s")
            % {
                "account": held.day.account.get_provider_display(),
                "day": held.day.day.isoformat(),
                "what": held.get_result_display(),
            },
            facts=[
                (_("收款账户"), str(channel_party(held.day.account).name)),
                (_("日期"), held.day.day.isoformat()),
                (_("差异"), str(held.get_result_display())),
                (_("支付单号"), held.number or "—"),
                (_("退款单号"), held.request_no or "—"),
                (_("本店金额"), _amount(held.ours)),
                (_("渠道金额"), _amount(held.theirs)),
                (_("渠道账户将变动"), f"{gap} {_('元')}"),
                (_("记账事件"), _event(held)[0]),
                (_("原因"), text),
            ],
            requested_by=by,
        )
        _refresh(held.day)
    return held


def decided(*, subject_id: UUID, approved: bool, by: User, reason: str, at: datetime) -> None:
    """The second person's word: posted by the rule of its event, or open again. Locks the day and the line."""
    line = ReconciledLine.objects.filter(public_id=subject_id).first()
    if line is None:
        raise LineNotFound
    with transaction.atomic():
        held = _held(line)
        if not approved:
            _move(held, Treatment.OPEN, held.reason, by, at, note=reason)
        else:
            event, amount = _event(held)
            post_event(
                event=event,
                source=f"reconciliation:{held.public_id}",
                effective_at=at,
                parties={"channel": channel_party(held.day.account)},
                amounts={"amount": amount},
                memo=f"{held.day.day.isoformat()} 对账 {held.number or held.get_kind_display()}：{held.reason}",
            )
            _move(held, Treatment.ADJUSTED, held.reason, by, at, note=reason)
        _refresh(held.day)


def _event(line: ReconciledLine) -> tuple[str, Money]:
    """By which event the books follow, and with which positive amount."""
    gap = line.gap
    if line.kind == LineKind.FEE:
        return ("channel_fee", -gap) if gap.minor < 0 else ("channel_fee_return", gap)
    return ("channel_surplus", gap) if gap.minor > 0 else ("channel_shortage", -gap)


def _held(line: ReconciledLine) -> ReconciledLine:
    """The line, locked after the days of both its halves: a run holds its day before any line."""
    halves = _halves(line).values_list("day_id", flat=True)
    days = ReconciledDay.objects.filter(pk__in={line.day_id, *halves})
    list(days.select_for_update().order_by("id"))
    return (
        ReconciledLine.objects.select_for_update(of=("self",))
        .select_related("day__account")
        .get(pk=line.pk)
    )


def _halves(line: ReconciledLine) -> QuerySet[ReconciledLine]:
    """The same movement on another day of the account."""
    return ReconciledLine.objects.filter(
        day__account=line.day.account,
        kind=line.kind,
        number=line.number,
        request_no=line.request_no,
        result=Result.DAY,
    ).exclude(pk=line.pk)


def _other_half(line: ReconciledLine) -> list[ReconciledLine]:
    if line.result != Result.DAY:
        return []
    halves = _halves(line).filter(treatment=Treatment.OPEN).order_by("id")
    return list(halves.select_for_update(of=("self",)).select_related("day__account"))


def _move(
    line: ReconciledLine, to: Treatment, reason: str, by: User, at: datetime, *, note: str = ""
) -> None:
    before = Treatment(line.treatment)
    if to not in TREATMENT_TRANSITIONS[before]:
        raise NotOpen(state=before.label)
    line.treatment, line.reason, line.treated_by, line.treated_at = to, reason, by, at
    line.save(update_fields=["treatment", "reason", "treated_by", "treated_at"])
    record(
        "reconciliation.treat",
        obj=line,
        before={"treatment": before.value},
        after={"treatment": to.value, "result": line.result, "gap": str(line.gap)},
        note=note or reason,
    )


def _refresh(day: ReconciledDay) -> None:
    if day.state in (DayState.OPEN, DayState.BALANCED):
        ReconciledDay.objects.filter(pk=day.pk).update(state=state_by_lines(day))


def _reason(text: str) -> str:
    if not text.strip():
        raise ReasonNeeded(field="reason")
    return text.strip()[:300]


def _amount(money: Money | None) -> str:
    return f"{money} {_('元')}" if money is not None else "—"
