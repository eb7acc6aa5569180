from typing import Any
from uuid import UUID

from shared_apps.kernel import clock

from .services import opening, steps


def open_order(payload: dict[str, Any]) -> None:
    opening.open_order(order_id=UUID(payload["order"]), at=clock.now())


def advance(payload: dict[str, Any]) -> None:
    steps.advance(work_order_id=UUID(payload["work_order"]), at=clock.now())


def terminate_line(payload: dict[str, Any]) -> None:
    opening.terminate(line_id=UUID(payload["line"]), at=clock.now(), reason="已退款")


def end(payload: dict[str, Any]) -> None:
    opening.end(line_id=UUID(payload["line"]), at=clock.now())


def fit_line(payload: dict[str, Any]) -> None:
    opening.fit(line_id=UUID(payload["line"]), at=clock.now())
