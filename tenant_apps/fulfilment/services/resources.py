from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.db import transaction

from shared_apps.audit.services import record
from shared_apps.kernel import secrets
from tenant_apps.fulfilment.enums import ResourceState
from tenant_apps.fulfilment.errors import ResourceNotRunning
from tenant_apps.fulfilment.models import Resource


def reveal_access(*, resource: Resource, at: datetime) -> dict[str, Any]:
    """Opens the seal on how to enter. Every look is a row of the audit; what it showed is not in it."""
    with transaction.atomic():
        kept = Resource.objects.select_for_update().get(pk=resource.pk)
        if kept.state != ResourceState.RUNNING or not kept.access_sealed:
            raise ResourceNotRunning(state=kept.get_state_display())
        if kept.ends_at is not None and at >= kept.ends_at:
            raise ResourceNotRunning(state=kept.get_state_display())
        record("resource.reveal_access", obj=kept)
        access: dict[str, Any] = json.loads(secrets.unseal(kept.access_sealed))
    return access
