"""A balance and a trial balance as of random moments of three years, from folded sums and from all postings.

Run as a process of its own under our settings: prints how long each took, in milliseconds, as JSON.
"""

from __future__ import annotations

import json
import os
import random
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import perf_counter

import django
from django.db import connection

BEGIN, END = datetime(2023, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
MOMENTS = 9
PLAIN = """
SELECT p.account_id, sum(p.amount_minor) FILTER (WHERE p.direction = 'DEBIT'),
       sum(p.amount_minor) FILTER (WHERE p.direction = 'CREDIT')
  FROM ledger_posting p JOIN ledger_entry e ON e.id = p.entry_id
 WHERE e.effective_at < %s AND e.recorded_at < %s {of_account}
 GROUP BY 1
"""


def _milliseconds(read: Callable[[datetime, datetime], object], *, times: int) -> float:
    """The median of some moments, each the bound of what counts, and every other time of what was known."""
    took = []
    for number in range(times):
        until = BEGIN + random.random() * (END - BEGIN)  # noqa: S311
        known = until + timedelta(days=5) if number % 2 else END + timedelta(days=900)
        begin = perf_counter()
        read(until, known)
        took.append((perf_counter() - begin) * 1000)
    return sorted(took)[times // 2]


def read(*, rounds: int) -> dict[str, list[float]]:
    from billing.ledger.models import Account
    from billing.ledger.queries.sums import sums
    from billing.ledger.services.folding import fold
    from shared_apps.kernel import tenancy

    values: dict[str, list[float]] = {}
    with tenancy.enter(os.environ["BENCH_SCHEMA"]):
        fold()
        account = Account.objects.filter(party_kind="CHANNEL").order_by("pk")[0].pk

        def plainly(until: datetime, known: datetime, *, one: bool) -> None:
            of_account = f"AND p.account_id = {account}" if one else ""
            with connection.cursor() as cursor:
                cursor.execute(PLAIN.format(of_account=of_account), [until, known])
                cursor.fetchall()

        for number in range(-1, rounds):
            for name, times, work in (
                (
                    "balance",
                    MOMENTS,
                    lambda e, r: sums(accounts=[account], effective_until=e, recorded_until=r),
                ),
                ("plain_balance", 1, lambda e, r: plainly(e, r, one=True)),
                ("trial", MOMENTS, lambda e, r: sums(effective_until=e, recorded_until=r)),
                ("plain_trial", 1, lambda e, r: plainly(e, r, one=False)),
            ):
                took = _milliseconds(work, times=times)
                if number >= 0:
                    values.setdefault(name, []).append(took)
    return values


if __name__ == "__main__":
    django.setup()
    sys.stdout.write(json.dumps(read(rounds=int(sys.argv[1]))) + "\n")
