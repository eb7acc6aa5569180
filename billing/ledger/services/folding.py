"""Folding what was posted into sums, beside the posting and never in its way."""

from __future__ import annotations

from time import sleep
from typing import Any

from django.db import connection

STEP = 100_000  # entries in one transaction
PAUSE_SECONDS = 0.02
PAUSES = 250


def fold() -> int:
    """Folds all entries there are; gives how far the mark went. Gives up, until the next time, while a
    transaction that was writing when it began does not end. Safe in any number at once."""
    upto = _last_id()
    open_then = _writers()
    for _ in range(PAUSES):
        if not open_then & _writers():
            break
        sleep(PAUSE_SECONDS)
    else:
        return 0
    folded = 0
    done = _mark()
    while done < upto:
        done = min(done + STEP, upto)
        folded += int(_ask("SELECT public.ledger_fold(%s)", done))
    return folded


def _mark() -> int:
    return int(_ask("SELECT coalesce((SELECT entry_id FROM ledger_foldmark), 0)"))


def _last_id() -> int:
    return int(
        _ask(
            "SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('ledger_entry', 'id')::regclass), 0)"
        )
    )


def _writers() -> set[str]:
    found: list[str] = _ask("SELECT public.ledger_writers()")
    return set(found)


def _ask(text: str, *values: int) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(text, values)
        return cursor.fetchone()[0]
