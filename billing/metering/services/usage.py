"""What was used, written down once however often it is told."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from billing.metering.enums import UsageSource, UsageState
from billing.metering.models import UsageRecord
from shared_apps.audit.services import record


def tell(
    *,
    source: UsageSource,
    record_id: str,
    resource_id: UUID,
    customer_id: UUID,
    name: str,
    component: str,
    starts_at: datetime,
    ends_at: datetime,
    quantity: Decimal,
    at: datetime,
) -> UsageRecord:
    """Keeps one record. Told again it is the same record; told otherwise it is kept as CONFLICT, and not charged."""
    body = [
        str(resource_id),
        component,
        starts_at.isoformat(),
        ends_at.isoformat(),
        f"{quantity:f}",
    ]
    digest = hashlib.sha256(json.dumps(body).encode()).hexdigest()
    facts = {
        "resource_id": resource_id,
        "customer_id": customer_id,
        "name": name[:120],
        "component": component,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "quantity": quantity,
        "digest": digest,
        "received_at": at,
    }
    with transaction.atomic():
        usage, fresh = UsageRecord.objects.get_or_create(
            source=source, record_id=record_id, state=UsageState.ACCEPTED, defaults=facts
        )
        if usage.digest == digest:
            if fresh:
                record("usage.tell", obj=usage, after={"record": record_id})
            return usage
        other, fresh = UsageRecord.objects.get_or_create(
            source=source,
            record_id=record_id,
            digest=digest,
            defaults=facts | {"state": UsageState.CONFLICT},
        )
        if fresh:
            record("usage.conflict", obj=other, after={"record": record_id})
        return other
