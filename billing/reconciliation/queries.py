from __future__ import annotations

from datetime import date
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from billing.payments.models import MerchantAccount

from .enums import DayState, Treatment
from .errors import AccountNotFound, DayNotFound, LineNotFound
from .models import ReconciledDay, ReconciledLine


def accounts() -> QuerySet[MerchantAccount]:
    """The accounts that have bills: also those no longer in use."""
    return MerchantAccount.objects.order_by("-is_active", "id")


def account(*, public_id: UUID) -> MerchantAccount:
    found = MerchantAccount.objects.filter(public_id=public_id).first()
    if found is None:
        raise AccountNotFound
    return found


def days(
    *,
    account_id: UUID | None = None,
    state: str = "",
    since: date | None = None,
    until: date | None = None,
) -> QuerySet[ReconciledDay]:
    """Days in [since, until], newest first, with what waits on each."""
    found = (
        ReconciledDay.objects.select_related("account")
        .defer("bill", "draft")
        .annotate(
            lines_count=Count("lines"),
            waiting=Count(
                "lines", filter=Q(lines__treatment__in=[Treatment.OPEN, Treatment.ASKED])
            ),
        )
        .order_by("-day", "-id")
    )
    if account_id is not None:
        found = found.filter(account__public_id=account_id)
    if state:
        found = found.filter(state=state)
    if since is not None:
        found = found.filter(day__gte=since)
    if until is not None:
        found = found.filter(day__lte=until)
    return found


def open_differences(*, since: date, until: date) -> tuple[int, int]:
    """Of the days [since, until): differences that nobody settled yet, and bills not compared yet."""
    within = ReconciledDay.objects.filter(day__gte=since, day__lt=until)
    unsettled = ReconciledLine.objects.filter(
        day__in=within, treatment__in=[Treatment.OPEN, Treatment.ASKED]
    )
    uncompared = within.exclude(state__in=[DayState.OPEN, DayState.BALANCED])
    return unsettled.count(), uncompared.count()


def day(*, public_id: UUID) -> ReconciledDay:
    found = (
        ReconciledDay.objects.select_related("account")
        .defer("bill")
        .filter(public_id=public_id)
        .first()
    )
    if found is None:
        raise DayNotFound
    return found


def lines(
    *, day: ReconciledDay, result: str = "", treatment: str = "", text: str = ""
) -> QuerySet[ReconciledLine]:
    """A day's movements; `text` is part of one of its numbers."""
    found = day.lines.select_related("treated_by").order_by("id")
    if result:
        found = found.filter(result=result)
    if treatment:
        found = found.filter(treatment=treatment)
    if text:
        found = found.filter(
            Q(number__icontains=text)
            | Q(request_no__icontains=text)
            | Q(provider_trade_no__icontains=text)
        )
    return found


def line(*, public_id: UUID) -> ReconciledLine:
    found = (
        ReconciledLine.objects.select_related("day__account", "treated_by")
        .filter(public_id=public_id)
        .first()
    )
    if found is None:
        raise LineNotFound
    return found


def counts(*, day: ReconciledDay) -> dict[str, int]:
    """How many lines there are of each result."""
    rows = day.lines.order_by().values_list("result").annotate(n=Count("id"))
    return dict(rows)


def state_by_lines(day: ReconciledDay) -> DayState:
    """A day is even when every difference on it has been treated."""
    waiting = day.lines.filter(treatment__in=[Treatment.OPEN, Treatment.ASKED]).exists()
    return DayState.OPEN if waiting else DayState.BALANCED
