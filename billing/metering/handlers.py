from typing import Any
from uuid import UUID

from shared_apps.kernel import clock

from .services import bills


def issue(payload: dict[str, Any]) -> None:
    bills.issue(bill_id=UUID(payload["bill"]), at=clock.now())


def fall_due(payload: dict[str, Any]) -> None:
    bills.fall_due(bill_id=UUID(payload["bill"]), at=clock.now())
