"""Who asked, who decided, and on what: nobody decides what he asked for or gains from."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from shared_apps.kernel.models import PublicId
from shared_apps.kernel.rows import TenantRows

from .enums import State


class ApprovalRequest(PublicId):
    """`facts` is what the decider reads, [[label, text], …]; `digest` of them goes through the form,
    so that nobody approves what has changed under his eyes."""

    rows = TenantRows()

    kind = models.CharField(max_length=40)
    subject_id = models.UUIDField()
    title = models.CharField(max_length=200)
    facts = models.JSONField()
    digest = models.CharField(max_length=64)
    state = models.CharField(max_length=9, choices=State.choices, default=State.PENDING)
    requested_by = models.ForeignKey(
        "identity.User", on_delete=models.PROTECT, null=True, related_name="+"
    )
    beneficiary_id = models.UUIDField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    decided_by = models.ForeignKey(
        "identity.User", on_delete=models.PROTECT, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=State.values), name="approval_state"
            ),
            models.CheckConstraint(
                condition=models.Q(decided_by__isnull=True)
                | models.Q(requested_by__isnull=True)
                | ~models.Q(decided_by=models.F("requested_by")),
                name="approval_by_another",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    state__in=[State.APPROVED, State.REJECTED],
                    decided_by__isnull=False,
                    decided_at__isnull=False,
                )
                | models.Q(state__in=[State.PENDING, State.WITHDRAWN], decided_by__isnull=True),
                name="approval_decided",
            ),
            models.UniqueConstraint(
                fields=["kind", "subject_id"],
                condition=models.Q(state=State.PENDING),
                name="approval_one_pending",
            ),
        ]
        indexes = [models.Index(fields=["state", "-id"], name="approval_state_newest")]

    def __str__(self) -> str:
        return self.title
