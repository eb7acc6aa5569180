"""When bills come out and fall due. Days and months are those of China."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django.utils import timezone

LATE = timedelta(hours=72)  # after a month's end, data still go onto its bill
TIME_TO_PAY = timedelta(days=10)  # after a bill is out
GRACE = timedelta(days=3)  # after it fell due, machines go on


def next_month(month: date) -> datetime:
    """The first moment of the month after."""
    first = (month.replace(day=28) + timedelta(days=4)).replace(day=1)
    return timezone.make_aware(datetime.combine(first, time.min))
