"""What was posted, summed by account as of any moment: folded months, folded days of a month that is cut, the
entries of a day that is cut, and those that were not folded yet. One statement, so one state of the books."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.db import connection

from billing.ledger import days

# An entry counts if effective_at < E and recorded_at < R. With months and days of E and R, what counts
# is taken apart into pieces that do not overlap; where a bound is missing it is infinity.
_SUMS = """
WITH mark AS MATERIALIZED (SELECT coalesce((SELECT m.entry_id FROM ledger_foldmark m), 0) AS id)
SELECT s.account_id, sum(s.debit)::bigint, sum(s.credit)::bigint
  FROM (
    SELECT f.account_id, f.debit_minor AS debit, f.credit_minor AS credit
      FROM ledger_foldedsum f
     WHERE f.monthly AND f.effective_on < %(e_month)s::date AND f.recorded_on < %(r_month)s::date {of_sum}
    UNION ALL
    SELECT f.account_id, f.debit_minor, f.credit_minor
      FROM ledger_foldedsum f
     WHERE NOT f.monthly AND f.effective_on >= %(e_month)s::date AND f.effective_on < %(e_day)s::date
       AND f.recorded_on < %(r_day)s::date {of_sum}
    UNION ALL
    SELECT f.account_id, f.debit_minor, f.credit_minor
      FROM ledger_foldedsum f
     WHERE NOT f.monthly AND f.recorded_on >= %(r_month)s::date AND f.recorded_on < %(r_day)s::date
       AND f.effective_on < %(e_month)s::date {of_sum}
    UNION ALL
    SELECT p.account_id, CASE p.direction WHEN 'DEBIT' THEN p.amount_minor ELSE 0 END,
           CASE p.direction WHEN 'CREDIT' THEN p.amount_minor ELSE 0 END
      FROM ledger_entry e JOIN ledger_posting p ON p.entry_id = e.id
     WHERE e.effective_at >= %(e_start)s::timestamptz AND e.effective_at < %(e)s::timestamptz
       AND e.recorded_at < %(r)s::timestamptz AND e.id <= (SELECT id FROM mark) {of_posting}
    UNION ALL
    SELECT p.account_id, CASE p.direction WHEN 'DEBIT' THEN p.amount_minor ELSE 0 END,
           CASE p.direction WHEN 'CREDIT' THEN p.amount_minor ELSE 0 END
      FROM ledger_entry e JOIN ledger_posting p ON p.entry_id = e.id
     WHERE e.recorded_at >= %(r_start)s::timestamptz AND e.recorded_at < %(r)s::timestamptz
       AND e.effective_at < %(e_start)s::timestamptz AND e.id <= (SELECT id FROM mark) {of_posting}
    UNION ALL
    SELECT p.account_id, CASE p.direction WHEN 'DEBIT' THEN p.amount_minor ELSE 0 END,
           CASE p.direction WHEN 'CREDIT' THEN p.amount_minor ELSE 0 END
      FROM ledger_entry e JOIN ledger_posting p ON p.entry_id = e.id
     WHERE e.id > (SELECT id FROM mark)
       AND e.effective_at < %(e)s::timestamptz AND e.recorded_at < %(r)s::timestamptz {of_posting}
  ) s
 GROUP BY s.account_id
"""
_OF_ALL = _SUMS.format(of_sum="", of_posting="")
_OF_SOME = _SUMS.format(
    of_sum="AND f.account_id = ANY (%(accounts)s)",
    of_posting="AND p.account_id = ANY (%(accounts)s)",
)

Sums = dict[int, tuple[int, int]]  # of an account: debits, credits


def sums(
    *,
    accounts: Sequence[int] | None = None,
    effective_until: datetime | None = None,
    recorded_until: datetime | None = None,
) -> Sums:
    """Of the accounts named, or of all, those that ever moved in time. One query."""
    values = bounds(effective_until=effective_until, recorded_until=recorded_until)
    with connection.cursor() as cursor:
        if accounts is None:
            cursor.execute(_OF_ALL, values)
        else:
            cursor.execute(_OF_SOME, {**values, "accounts": list(accounts)})
        return {pk: (debit, credit) for pk, debit, credit in cursor.fetchall()}


def bounds(
    *, effective_until: datetime | None, recorded_until: datetime | None
) -> dict[str, date | datetime | str]:
    """What the statement asks for; the ends of time are names that the database knows."""
    return {**_bound("e", effective_until), **_bound("r", recorded_until)}


def _bound(name: str, until: datetime | None) -> dict[str, date | datetime | str]:
    if until is None:
        return dict.fromkeys((name, f"{name}_start", f"{name}_day", f"{name}_month"), "infinity")
    day = days.day_of(until)
    return {
        name: until,
        f"{name}_start": days.start_of(day),
        f"{name}_day": day,
        f"{name}_month": day.replace(day=1),
    }
