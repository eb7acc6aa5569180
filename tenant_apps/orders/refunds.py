"""What of a line may still go back: the hours that did not begin, at the price at which they were sold.

An hour that has begun counts as used; within the first hour nothing does. The database applies the
same rule to what every level above gets back (`record_sale_refund`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared_apps.kernel.money import Money

from .enums import LineState
from .models import OrderLine

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Refundable:
    """Whole hours that may be given back, and the money that may go back without anybody's leave."""

    hours: int
    amount: Money

    def of_hours(self, line: OrderLine, hours: int) -> Money:
        """What so many hours bring: their price, as far as it did not go back already."""
        return Money(min(line.hourly_minor * hours, self.amount.minor), line.currency)


def used_hours(line: OrderLine, at: datetime) -> int:
    """Hours that have begun, once the first is over."""
    if line.opened_at is None or at - line.opened_at <= HOUR:
        return 0
    return min(-((line.opened_at - at) // HOUR), line.hours)


def refundable(line: OrderLine, *, at: datetime) -> Refundable:
    if line.state != LineState.OPEN:
        return Refundable(0, Money(0, line.currency))
    unused = line.hours - used_hours(line, at)
    left = max(line.hourly_minor * unused - line.refunded_minor, 0)
    hours = max(unused - line.refunded_hours, 0)
    return Refundable(hours if left else 0, Money(left, line.currency))
