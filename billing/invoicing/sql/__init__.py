"""The SQL half of invoicing: functions once, in `public`; triggers on the tables of each schema."""

from __future__ import annotations

from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def install(apps: Any, schema_editor: Any) -> None:
    """Takes an advisory lock, so that schemas may migrate side by side."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('invoicing_functions'))")
        cursor.execute("SELECT to_regproc('public.invoicing_invoice_adds_up')")
        if cursor.fetchone()[0] is None:
            cursor.execute((HERE / "functions.sql").read_text())
        cursor.execute((HERE / "triggers.sql").read_text())
