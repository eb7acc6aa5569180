"""The days of the books are China's; `public.ledger_day` says the same to the database."""

from datetime import date, datetime, time
from itertools import pairwise
from zoneinfo import ZoneInfo

BOOKS_ZONE = ZoneInfo("Asia/Shanghai")


def day_of(at: datetime) -> date:
    return at.astimezone(BOOKS_ZONE).date()


def start_of(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=BOOKS_ZONE)


def months_of(year: int) -> list[tuple[date, date]]:
    """The twelve months of a year, half-open."""
    starts = [date(year, month, 1) for month in range(1, 13)] + [date(year + 1, 1, 1)]
    return list(pairwise(starts))
