from __future__ import annotations

from typing import Any
from uuid import UUID

from shared_apps.kernel import clock

from . import queries, services
from .errors import AlreadyRunning, Superseded


def due(payload: dict[str, Any]) -> None:
    """`reconciliation.due`: runs the day, unless somebody else is at it."""
    try:
        services.run(row=queries.day(public_id=UUID(payload["day"])), at=clock.now())
    except (AlreadyRunning, Superseded):
        return
