from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from billing.metering import queries as metering
from billing.metering.services import bills
from billing.payments.models import PaymentIntent
from shared_apps.kernel import clock

from . import queries
from .services import lasting, metered, opening, steps


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


def tick(payload: dict[str, Any]) -> None:
    metered.tick(line_id=UUID(payload["line"]), at=clock.now())


def grace_over(payload: dict[str, Any]) -> None:
    at = clock.now()
    with transaction.atomic():
        bill = metering.bill(public_id=UUID(payload["bill"]))
        if bills.end_grace(bill_id=bill.public_id, at=at):
            metered.suspend_all(customer_id=bill.customer_id, at=at)


def relieved(payload: dict[str, Any]) -> None:
    metered.resume_all(customer_id=UUID(payload["customer"]), at=clock.now())


def money_came(payload: dict[str, Any]) -> None:
    intent = PaymentIntent.objects.get(number=payload["number"])
    if intent.order_id is None:  # what is paid for an order is that order's
        metered.resume_all(customer_id=intent.customer_id, at=clock.now())


def try_resume(payload: dict[str, Any]) -> None:
    metered.try_again(
        line_id=UUID(payload["line"]),
        suspended_at=datetime.fromisoformat(payload["suspended_at"]),
        at=clock.now(),
    )


def release_suspended(payload: dict[str, Any]) -> None:
    opening.release_suspended(
        line_id=UUID(payload["line"]),
        suspended_at=datetime.fromisoformat(payload["suspended_at"]),
        at=clock.now(),
    )
