from datetime import datetime
from typing import Any
from uuid import UUID

from shared_apps.kernel import clock

from . import queries
from .services import lasting, opening, steps


def open_order(payload: dict[str, Any]) -> None:
    opening.open_order(order_id=UUID(payload["order"]), at=clock.now())


def advance(payload: dict[str, Any]) -> None:
    steps.advance(work_order_id=UUID(payload["work_order"]), at=clock.now())


def given_back(payload: dict[str, Any]) -> None:
    at, line = clock.now(), UUID(payload["line"])
    if not lasting.fit(line_id=line, at=at):
        opening.terminate(line_id=queries.first_line(line_id=line), at=at, reason="已退款")


def end(payload: dict[str, Any]) -> None:
    opening.end(line_id=UUID(payload["line"]), at=clock.now())


def remind(payload: dict[str, Any]) -> None:
    lasting.remind(
        line_id=UUID(payload["line"]), ends_at=datetime.fromisoformat(payload["ends_at"])
    )


def renew(payload: dict[str, Any]) -> None:
    lasting.auto_renew(
        line_id=UUID(payload["line"]),
        ends_at=datetime.fromisoformat(payload["ends_at"]),
        at=clock.now(),
    )
