from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from shared_apps.audit.services import record

from .models import RetailRule


def set_retail_percent(*, percent: Decimal, at: datetime) -> RetailRule:
    """Opens a new retail rule from `at` on; the one in force ends there. Locks the rules."""
    with transaction.atomic():
        before = RetailRule.objects.select_for_update().filter(valid__contains=at).first()
        until = None
        if before is not None:
            until = before.valid.upper
            before.valid = DateTimeTZRange(before.valid.lower, at)
            before.save(update_fields=["valid"])
        rule = RetailRule.objects.create(retail_percent=percent, valid=DateTimeTZRange(at, until))
        record(
            "pricing.set_retail_percent",
            obj=rule,
            before={"percent": str(before.retail_percent)} if before else None,
            after={"percent": str(percent)},
        )
    return rule
