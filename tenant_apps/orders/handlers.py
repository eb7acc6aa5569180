from typing import Any
from uuid import UUID

from shared_apps.kernel import clock

from .enums import OrderState
from .models import Order
from .services import paying, placing


def payment_succeeded(payload: dict[str, Any]) -> None:
    paying.payment_arrived(number=payload["number"], at=clock.now())


def end_payments(payload: dict[str, Any]) -> None:
    paying.close_payments(order_id=UUID(payload["order"]), at=clock.now())


def expire(payload: dict[str, Any]) -> None:
    order = Order.objects.get(public_id=UUID(payload["order"]))
    if order.state == OrderState.AWAITING_PAYMENT:
        placing.cancel(order_id=order.public_id, at=clock.now(), reason="超过支付时间")
