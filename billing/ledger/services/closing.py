"""结账: what was earned and spent in a period is carried forward and no more is booked in it, in one
transaction; and the way back."""

from __future__ import annotations

import json
from datetime import datetime

from django.db import connection, transaction
from django.utils.translation import gettext as _

from billing.ledger import days
from billing.ledger.enums import PeriodState
from billing.ledger.errors import ClosingRefused, refusals
from billing.ledger.models import Period
from billing.ledger.queries import periods
from shared_apps.audit import services as audit
from shared_apps.kernel.money import Money

from .periods import hold_days
from .posting import reverse


@transaction.atomic
def close_period(*, period: Period, at: datetime) -> Period:
    """Carries the result of a period into 本年利润, at the end of a year the year's into 利润分配, and closes it.

    Waits for the entries under way and holds new ones up. Earlier periods first, and none that has not
    ended. Safe to repeat: what is closed stays as it is.
    """
    hold_days()
    held = Period.objects.select_for_update().get(pk=period.pk)
    if held.state == PeriodState.CLOSED:
        return held
    if reason := periods.obstacle(period=held, at=at):
        raise ClosingRefused(reason=reason)
    held.closings += 1
    of_period, of_year = periods.sources(period=held, closing=held.closings)
    until = days.start_of(held.end_date)
    name = periods.name_of(held)
    lines, profit = periods.result_lines(until=until)
    _carry(held, of_period, _("结转损益 %(period)s") % {"period": name}, lines, profit)
    if periods.ends_a_year(held):
        lines, year_profit = periods.year_lines(until=until)
        memo = _("结转本年利润 %(year)s") % {"year": held.end_date.year - 1}
        _carry(held, of_year, memo, lines, year_profit)
        Period.objects.bulk_create(
            [
                Period(start_date=start, end_date=end)
                for start, end in days.months_of(held.end_date.year)
            ],
            ignore_conflicts=True,
        )
    held.state = PeriodState.CLOSED
    held.save(update_fields=["state", "closings"])
    audit.record(
        "ledger.close_period",
        obj=held,
        before={"state": PeriodState.OPEN},
        after={"state": PeriodState.CLOSED, "period": name, "profit": str(profit)},
    )
    return held


@transaction.atomic
def reopen_period(*, period: Period, reason: str) -> Period:
    """Opens the period that was closed last, and reverses what its closing carried forward.

    Safe to repeat: what is open stays as it is.
    """
    if not reason.strip():
        raise ClosingRefused(field="reason", reason=_("请填写反结账的原因。"))
    hold_days()
    held = Period.objects.select_for_update().get(pk=period.pk)
    if held.state == PeriodState.OPEN:
        return held
    latest = periods.latest_closed()
    if latest is not None and latest != held:
        raise ClosingRefused(
            reason=_("只能从最后结账的期间开始反结账：%(period)s。")
            % {"period": periods.name_of(latest)}
        )
    held.state = PeriodState.OPEN
    held.save(update_fields=["state"])
    for entry in reversed(periods.carried(among=[held]).get(held.pk, [])):
        reverse(
            entry=entry,
            source=f"{entry.source}/reopened",
            at=periods.last_moment(held),
            memo=_("反结账：%(memo)s") % {"memo": entry.memo},
        )
    audit.record(
        "ledger.reopen_period",
        obj=held,
        before={"state": PeriodState.CLOSED},
        after={"state": PeriodState.OPEN, "period": periods.name_of(held)},
        note=reason.strip()[:500],
    )
    return held


@transaction.atomic
def add_months(*, at: datetime) -> int:
    """Gives the books the months they lack, of the years from the first entry until now."""
    hold_days()
    missing = periods.missing_months(at=at)
    Period.objects.bulk_create([Period(start_date=start, end_date=end) for start, end in missing])
    if missing:
        audit.record(
            "ledger.add_months", after={"months": [f"{start:%Y-%m}" for start, _ in missing]}
        )
    return len(missing)


def _carry(
    period: Period, source: str, memo: str, lines: list[dict[str, object]], profit: Money
) -> None:
    """One entry, dated at the last moment of the period; none where there is nothing to carry."""
    if not lines:
        return
    told = {
        "journal": "GENERAL",
        "kind": periods.CARRIED,
        "source": source,
        "effective_at": periods.last_moment(period).isoformat(),
        "exact": True,
        "memo": memo,
        "facts": {
            "period": [str(period.start_date), str(period.end_date)],
            "profit": [profit.minor, profit.currency],
        },
        "lines": lines,
    }
    with refusals(), connection.cursor() as cursor:
        cursor.execute("SELECT FROM public.ledger_post_many(%s::jsonb)", [json.dumps([told])])
