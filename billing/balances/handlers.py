from typing import Any
from uuid import UUID

from shared_apps.kernel import clock

from .services import lots


def expire(payload: dict[str, Any]) -> None:
    lots.expire(lot_id=UUID(payload["lot"]), at=clock.now())
