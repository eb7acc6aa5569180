"""The one place where time is read; below the views, `at` is an argument."""

from datetime import UTC, datetime


def now() -> datetime:
    return datetime.now(tz=UTC)
