"""One run over one account's day: the bill is fetched, compared in pieces, and summed up.

Safe to repeat, and by two at once: the row carries a lease, a second run is turned away while it
lasts, and a run that finds itself superseded stops. A line that somebody has treated is not touched.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Q

from billing.ledger import days
from billing.payments.accounts import gateway_for
from billing.payments.gateways.base import Bill, BillLine, BillMissing
from billing.payments.models import MerchantAccount
from billing.reconciliation import matching, queries
from billing.reconciliation.enums import DayState, LineKind, Result, Treatment
from billing.reconciliation.errors import AlreadyRunning, BillTooLarge, DayNotOver, Superseded
from billing.reconciliation.matching import Compared, Ours
from billing.reconciliation.models import ReconciledDay, ReconciledLine
from shared_apps.audit.services import record
from shared_apps.kernel.errors import ProviderError
from shared_apps.kernel.ids import new_id
from shared_apps.outbox.services import publish

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=5)
PIECE = 500
BILL_READY = timedelta(hours=9, minutes=30)  # in China, on the next morning
AGAIN = timedelta(minutes=30)
MOST_BYTES = 5 * 1024 * 1024
MOST_ATTEMPTS = 48  # one day of half hours; then a person looks


def start(*, account: MerchantAccount, day: date, at: datetime) -> ReconciledDay:
    """Queues a run; the page shows how it goes. Raises AlreadyRunning, DayNotOver."""
    with transaction.atomic():
        row = _row(account, day, at)
        if _busy(row, at):
            raise AlreadyRunning
        row.state, row.next_try_at, row.attempts, row.trouble = DayState.RUNNING, at, 0, ""
        row.done = row.total = 0
        row.save(update_fields=["state", "next_try_at", "attempts", "trouble", "done", "total"])
        publish("reconciliation.due", {"day": str(row.public_id)})
        record("reconciliation.start", obj=row, after={"day": day.isoformat()})
    return row


def run_due(*, at: datetime) -> list[ReconciledDay]:
    """Yesterday of every active account, and whatever waited for its bill and is due again."""
    yesterday = days.day_of(at) - timedelta(days=1)
    if at >= days.start_of(yesterday + timedelta(days=1)) + BILL_READY:
        for account in MerchantAccount.objects.filter(is_active=True):
            with transaction.atomic():
                _row(account, yesterday, at)
    due = ReconciledDay.objects.filter(
        Q(state=DayState.WAITING, next_try_at__lte=at)
        | Q(state=DayState.RUNNING, leased_until__lte=at)
    ).order_by("day", "id")
    done = []
    for row in due:
        try:
            done.append(run(row=row, at=at))
        except (AlreadyRunning, Superseded):
            continue
    return done


def run(*, row: ReconciledDay, at: datetime) -> ReconciledDay:
    """Asks the provider for the bill, outside of any transaction, and compares.

    Without a bill the day is asked for again; a day without movements on either side needs none.
    """
    mine = _lease(row, at)
    try:
        bill = gateway_for(row.account).daily_bill(day=row.day)
    except BillMissing as missing:
        if matching.ours_of_day(row.account, row.day):
            return _wait(row, mine, str(missing), at)
        bill = Bill(row.day, ())
    except ProviderError as failed:
        log.warning("reconciliation.no_bill", day=str(row.day), detail=failed.detail)
        return _wait(row, mine, failed.detail or str(failed), at)
    return _compare(row, mine, bill, uploaded=False, at=at)


def keep_draft(
    *, account: MerchantAccount, day: date, content: bytes, at: datetime
) -> ReconciledDay:
    """Keeps a file until somebody has said what its columns are."""
    if len(content) > MOST_BYTES:
        raise BillTooLarge(field="file", most=MOST_BYTES // 1024 // 1024)
    with transaction.atomic():
        row = _row(account, day, at)
        row.draft = content
        row.save(update_fields=["draft"])
        record("reconciliation.upload", obj=row, after={"bytes": len(content)})
    return row


def take_upload(*, account: MerchantAccount, day: date, bill: Bill, at: datetime) -> ReconciledDay:
    """Compares a bill that a person handed in. Raises AlreadyRunning, DayNotOver."""
    with transaction.atomic():
        row = _row(account, day, at)
    return _compare(row, _lease(row, at), bill, uploaded=True, at=at)


def _row(account: MerchantAccount, day: date, at: datetime) -> ReconciledDay:
    if day >= days.day_of(at):
        raise DayNotOver(field="day")
    ReconciledDay.objects.get_or_create(account=account, day=day, defaults={"next_try_at": at})
    return (
        ReconciledDay.objects.select_for_update(of=("self",))
        .select_related("account")
        .get(account=account, day=day)
    )


def _busy(row: ReconciledDay, at: datetime) -> bool:
    return row.leased_until is not None and row.leased_until > at


def _lease(row: ReconciledDay, at: datetime) -> UUID:
    """Takes the day for this run; whoever had it before finds out at his next piece."""
    with transaction.atomic():
        held = ReconciledDay.objects.select_for_update().get(pk=row.pk)
        if _busy(held, at):
            raise AlreadyRunning
        held.run, held.leased_until = new_id(), at + LEASE
        held.state, held.attempts = DayState.RUNNING, held.attempts + 1
        held.done = held.total = 0
        held.save(update_fields=["run", "leased_until", "state", "attempts", "done", "total"])
        return held.run


def _wait(row: ReconciledDay, mine: UUID, why: str, at: datetime) -> ReconciledDay:
    with transaction.atomic():
        held = _held(row, mine)
        spent = held.attempts >= MOST_ATTEMPTS
        held.state = DayState.FAILED if spent else DayState.WAITING
        held.next_try_at = None if spent else at + AGAIN
        held.trouble, held.leased_until = why[:300], None
        held.save(update_fields=["state", "next_try_at", "trouble", "leased_until"])
        record("reconciliation.no_bill", obj=held, after={"state": held.state}, note=why[:300])
    return held


def _held(row: ReconciledDay, mine: UUID) -> ReconciledDay:
    held = ReconciledDay.objects.select_for_update().get(pk=row.pk)
    if held.run != mine:
        raise Superseded
    return held


def _compare(
    row: ReconciledDay, mine: UUID, bill: Bill, *, uploaded: bool, at: datetime
) -> ReconciledDay:
    """Piece by piece, each in a transaction of its own, so that the page sees it go on."""
    today = matching.ours_of_day(row.account, row.day)
    keys = [matching.key_of(line) for line in bill.lines]
    known = {**matching.ours_by_key(row.account, set(keys)), **today}
    found = [*matching.compare(bill.lines, today, known), *matching.missing_there(keys, today)]
    for first in range(0, len(found), PIECE):
        piece = found[first : first + PIECE]
        _step(row, mine, lambda piece=piece: _write(row, mine, piece), len(piece), len(found), at)  # type: ignore[misc]
    with transaction.atomic():
        held = _held(row, mine)
        _write_fee(held, mine, bill.lines)
        _forget(held, mine)
        _sum_up(held, bill, today.values(), uploaded=uploaded, at=at)
        record(
            "reconciliation.run",
            obj=held,
            after={
                "state": held.state,
                "lines": len(bill.lines),
                "ours": str(held.ours),
                "theirs": str(held.theirs),
                "fee": str(held.fee),
            },
        )
    return held


def _step(
    row: ReconciledDay,
    mine: UUID,
    write: Callable[[], None],
    done: int,
    total: int,
    at: datetime,
) -> None:
    with transaction.atomic():
        held = _held(row, mine)
        write()
        held.done, held.total, held.leased_until = held.done + done, total, at + LEASE
        held.save(update_fields=["done", "total", "leased_until"])


def _write(row: ReconciledDay, mine: UUID, piece: Iterable[Compared]) -> None:
    compared = list(piece)
    numbers = {one.key[1] for one in compared}
    present = {
        (line.kind, line.number, line.request_no, line.provider_trade_no): line
        for line in ReconciledLine.objects.select_for_update().filter(day=row, number__in=numbers)
    }
    for one in compared:
        line = present.get((*one.key, one.provider_trade_no)) or ReconciledLine(
            day=row,
            kind=one.key[0],
            number=one.key[1],
            request_no=one.key[2],
            provider_trade_no=one.provider_trade_no,
        )
        line.seen_by = mine
        if line.treatment in (Treatment.NONE, Treatment.OPEN):
            _fill(line, one)
            if one.result == Result.MISSING_THERE:
                _look_on_other_days(row, line)
        line.save()
        if one.result == Result.DAY and one.ours is not None:
            _meet(row, one, one.ours)


def _fill(line: ReconciledLine, one: Compared) -> None:
    line.result = one.result
    line.treatment = Treatment.NONE if one.result == Result.MATCHED else Treatment.OPEN
    line.currency = one.currency
    line.ours_minor = one.ours.amount_minor if one.ours else None
    line.booked_minor = one.ours.booked_minor if one.ours else None
    line.ours_at = one.ours.at if one.ours else None
    line.theirs_minor = one.theirs.amount.minor if one.theirs else None
    line.theirs_at = one.theirs.at if one.theirs else None
    line.fee_minor = one.theirs.fee.minor if one.theirs else 0


def _look_on_other_days(row: ReconciledDay, line: ReconciledLine) -> None:
    """The bill of another day may have had it already: then only the day differs."""
    other = (
        ReconciledLine.objects.filter(
            day__account=row.account,
            kind=line.kind,
            number=line.number,
            request_no=line.request_no,
            result=Result.DAY,
        )
        .exclude(day=row)
        .first()
    )
    if other is not None:
        line.result, line.theirs_minor, line.theirs_at = (
            Result.DAY,
            other.theirs_minor,
            other.theirs_at,
        )
        line.treatment, line.reason = Treatment(other.treatment), other.reason
        line.treated_by, line.treated_at = other.treated_by, other.treated_at


def _meet(row: ReconciledDay, one: Compared, ours: Ours) -> None:
    """Our own day lacked this line there: it was found, on another day."""
    kind, number, request_no = one.key
    ReconciledLine.objects.filter(
        day__account=row.account,
        day__day=days.day_of(ours.at),
        kind=kind,
        number=number,
        request_no=request_no,
        result=Result.MISSING_THERE,
        treatment=Treatment.OPEN,
    ).update(
        result=Result.DAY,
        theirs_minor=one.theirs.amount.minor if one.theirs else None,
        theirs_at=one.theirs.at if one.theirs else None,
    )


def _write_fee(held: ReconciledDay, mine: UUID, lines: Iterable[BillLine]) -> None:
    """The day's fees are one difference: the provider kept them, and our books do not know."""
    fee = sum(line.fee.minor for line in lines)
    held.fee_minor = fee
    if not fee:
        return
    line, _ = ReconciledLine.objects.select_for_update().get_or_create(
        day=held,
        kind=LineKind.FEE,
        number="",
        request_no="",
        provider_trade_no="",
        defaults={"result": Result.FEE, "treatment": Treatment.OPEN},
    )
    line.seen_by = mine
    if line.treatment == Treatment.OPEN:
        line.fee_minor = fee
    line.save()


def _forget(held: ReconciledDay, mine: UUID) -> None:
    """What neither side says any more, and nobody has treated; found on another day, it stays."""
    stale = held.lines.exclude(seen_by=mine)
    stale.filter(treatment__in=[Treatment.NONE, Treatment.OPEN]).delete()


def _sum_up(
    held: ReconciledDay, bill: Bill, today: Iterable[Ours], *, uploaded: bool, at: datetime
) -> None:
    held.ours_minor = sum(_signed(one.key[0], one.amount_minor) for one in today)
    held.theirs_minor = sum(
        _signed(matching.key_of(line)[0], line.amount.minor) for line in bill.lines
    )
    if bill.lines:
        held.currency = bill.lines[0].amount.currency
    held.bill, held.bill_digest = bill.raw, hashlib.sha256(bill.raw).hexdigest()
    held.uploaded, held.draft, held.trouble, held.leased_until = uploaded, b"", "", None
    held.next_try_at, held.finished_at = None, at
    held.state = queries.state_by_lines(held)
    held.save()


def _signed(kind: str, minor: int) -> int:
    return minor if kind == LineKind.PAYMENT else -minor
