from typing import Any

from shared_apps.kernel import clock

from .services import intents, refunds


def check(payload: dict[str, Any]) -> None:
    intents.check(number=payload["number"], at=clock.now())


def check_refund(payload: dict[str, Any]) -> None:
    refunds.send(number=payload["number"], at=clock.now())
