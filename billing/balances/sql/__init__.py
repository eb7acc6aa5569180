"""The SQL half of balances: `functions.sql` once in `public`, `triggers.sql` in each schema that migrates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def install(apps: Any, schema_editor: Any) -> None:
    """Takes an advisory lock for the functions, so that schemas may migrate side by side."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('balances_functions'))")
        cursor.execute((HERE / "functions.sql").read_text())
        cursor.execute((HERE / "triggers.sql").read_text())
