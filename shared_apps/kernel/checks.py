from typing import Any

from django.core.checks import CheckMessage, Error, register

from . import rows


@register()
def every_shared_table_says_who_sees_its_rows(
    app_configs: Any, **kwargs: Any
) -> list[CheckMessage]:
    return [
        Error(
            f"{table} stands in the shared plane and does not say who sees its rows.",
            hint="Give the model `rows = SharedRows(...)`, or name the table in THIRD_PARTY_ROWS.",
            id="kernel.E001",
        )
        for table, declared in rows.shared_models().items()
        if declared is None
    ]
