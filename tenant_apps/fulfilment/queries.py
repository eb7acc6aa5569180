from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from shared_apps.identity.models import User
from tenant_apps.customers import queries as customers

from .errors import ResourceNotFound
from .models import Resource


def visible_to(user: User) -> QuerySet[Resource]:
    """Resources of the customers whom this person may see."""
    return Resource.objects.filter(customer__in=customers.visible_to(user)).select_related(
        "line__order", "supplier__hub", "customer__user"
    )


def resource(user: User, public_id: UUID) -> Resource:
    found = visible_to(user).filter(public_id=public_id).first()
    if found is None:
        raise ResourceNotFound
    return found
