"""The SQL half of the ledger.

The numbered files define functions. They are code, shared by every schema, so they live once, in
`public`, in their newest form. `triggers.sql` hangs them on the tables of the schema that migrates.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def install_functions(apps: Any, schema_editor: Any) -> None:
    """Makes the functions in `public` those of this release, whichever schema migrates first.

    Takes an advisory lock, so that schemas may migrate side by side, and does nothing when the
    functions are there already. A migration that needs changed functions calls this again.
    """
    text = "\n".join(path.read_text() for path in sorted(HERE.glob("[0-9]*.sql")))
    mark = f"ledger {sha256(text.encode()).hexdigest()}"
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('ledger_functions'))")
        cursor.execute(
            "SELECT obj_description(to_regprocedure('public.ledger_post_many(jsonb)'), 'pg_proc')"
        )
        if cursor.fetchone()[0] == mark:
            return
        cursor.execute(text)
        cursor.execute(f"COMMENT ON FUNCTION public.ledger_post_many(jsonb) IS '{mark}'")


def install_triggers(apps: Any, schema_editor: Any) -> None:
    with schema_editor.connection.cursor() as cursor:
        cursor.execute((HERE / "triggers.sql").read_text())


def install_rule_triggers(apps: Any, schema_editor: Any) -> None:
    with schema_editor.connection.cursor() as cursor:
        cursor.execute((HERE / "rule_triggers.sql").read_text())


def open_the_door(apps: Any, schema_editor: Any) -> None:
    with schema_editor.connection.cursor() as cursor:
        cursor.execute((HERE / "tell.sql").read_text())
