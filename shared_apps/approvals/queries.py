from __future__ import annotations

from uuid import UUID

from django.db.models import Q, QuerySet

from shared_apps.identity.models import User

from .enums import State
from .errors import RequestNotFound
from .kinds import kinds
from .models import ApprovalRequest


def decidable_kinds(user: User) -> list[str]:
    """The kinds whose decision belongs to one of this person's roles."""
    return [name for name, kind in kinds().items() if user.has_role(*kind.roles)]


def visible_to(user: User) -> QuerySet[ApprovalRequest]:
    """What a person asked for, and what his roles decide; newest first."""
    return (
        ApprovalRequest.objects.filter(Q(kind__in=decidable_kinds(user)) | Q(requested_by=user))
        .select_related("requested_by", "decided_by")
        .order_by("-id")
    )


def waiting_for(user: User) -> QuerySet[ApprovalRequest]:
    """What this very person may decide now."""
    return (
        visible_to(user)
        .filter(state=State.PENDING, kind__in=decidable_kinds(user))
        .exclude(requested_by=user)
        .exclude(beneficiary_id=user.public_id)
    )


def request_of(*, user: User, public_id: UUID) -> ApprovalRequest:
    found = visible_to(user).filter(public_id=public_id).first()
    if found is None:
        raise RequestNotFound
    return found


def latest(*, kind: str, subject_id: UUID) -> ApprovalRequest | None:
    """The newest request about a thing, decided or not."""
    return (
        ApprovalRequest.objects.filter(kind=kind, subject_id=subject_id)
        .select_related("requested_by", "decided_by")
        .order_by("-id")
        .first()
    )
