from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from billing.metering import queries as metering
from shared_apps.audit import queries as audit
from shared_apps.audit.models import Record
from shared_apps.identity.models import User
from shared_apps.kernel.money import Money
from tenant_apps.fulfilment import queries as fulfilment
from tenant_apps.fulfilment.models import Resource, WorkOrder

MOST_RECORDS = 50


@dataclass(frozen=True, slots=True)
class ResourceFile:
    resource: Resource
    work: list[WorkOrder]
    records: list[Record]
    cost: Money


def resource_file(*, user: User, public_id: UUID) -> ResourceFile:
    """A resource and what became of it; never how to enter it."""
    resource = fulfilment.resource(user, public_id)
    work = fulfilment.work_of(line_ids=[resource.line.public_id])
    records = audit.histories([resource, resource.line, *work])[:MOST_RECORDS]
    cost = (
        metering.cost_of(resource_id=resource.public_id)
        if resource.metered_until
        else fulfilment.paid(resource)
    )
    return ResourceFile(resource, work, list(records), cost)
