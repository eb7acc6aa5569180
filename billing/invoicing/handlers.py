from __future__ import annotations

from typing import Any
from uuid import UUID

from shared_apps.distributors.queries import by_schema
from shared_apps.kernel import clock, tenancy

from . import services


def decided(payload: dict[str, Any]) -> None:
    """`invoice.decided`: what was issued is sent to the customer's address."""
    shop = by_schema(tenancy.require()).name
    services.deliver(public_id=UUID(payload["invoice"]), shop=shop, at=clock.now())
