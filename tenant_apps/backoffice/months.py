"""A month of the books, as it is picked on a page: half-open, in the books' zone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime

from billing.ledger import days
from billing.ledger.models import Period

_TEXT = re.compile(r"(\d{4})-(\d{2})")


@dataclass(frozen=True, slots=True)
class Month:
    year: int
    month: int

    @classmethod
    def of(cls, at: datetime) -> Month:
        day = days.day_of(at)
        return cls(day.year, day.month)

    @classmethod
    def read(cls, text: str) -> Month | None:
        """From 2026-11, as <input type="month"> sends it; None for anything else."""
        found = _TEXT.fullmatch(text)
        if found is None:
            return None
        year, month = int(found[1]), int(found[2])
        return cls(year, month) if 2000 <= year <= 2999 and 1 <= month <= 12 else None

    @property
    def first_day(self) -> date:
        return date(self.year, self.month, 1)

    @property
    def next(self) -> Month:
        return Month(self.year + self.month // 12, self.month % 12 + 1)

    @property
    def starts_at(self) -> datetime:
        return days.start_of(self.first_day)

    @property
    def ends_at(self) -> datetime:
        return self.next.starts_at

    @property
    def period(self) -> Period:
        """The month as a period, whether or not the books keep one for it."""
        return Period(start_date=self.first_day, end_date=self.next.first_day)

    def __str__(self) -> str:
        return f"{self.year:04}-{self.month:02}"
