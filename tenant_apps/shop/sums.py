"""What a choice costs, line by line, as `c-breakdown` shows it."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from shared_apps.kernel import clock
from shared_apps.kernel.errors import DomainError
from shared_apps.kernel.money import Money
from tenant_apps.orders.pricing import Choice, price


def of_hour(hourly: Money, quantity: int) -> dict[str, Any]:
    """What an hour costs, where nothing is due now."""
    hour = Money(hourly.minor * quantity, hourly.currency)
    note = _("%(price)s 元/小时 × %(n)s 台") % {"price": hourly, "n": quantity}
    return {
        "lines": [{"label": _("每小时预计费用"), "note": note, "amount": hour}],
        "due": Money.zero(),
    }


def of_choice(choice: Choice) -> dict[str, Any]:
    """The lines of a price and what is due, by the same computation that an order uses."""
    try:
        (item,) = price([choice], at=clock.now())
    except DomainError as refused:
        return {"error": str(refused)}
    saved = item.list_amount - item.amount
    lines: list[dict[str, Any]] = [
        {
            "label": _("目录价"),
            "note": _("%(price)s 元/小时 × %(hours)s 小时 × %(n)s 台")
            % {"price": item.list_hourly, "hours": choice.hours, "n": choice.quantity},
            "amount": item.list_amount,
        }
    ]
    if saved.minor > 0:
        lines.append({"label": _("店铺优惠"), "amount": -saved, "less": True})
    return {"lines": lines, "due": item.amount}
