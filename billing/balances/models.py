"""A customer's money: what of it is set aside.

Customers are known here by their public id alone: billing does not know the people.
"""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from shared_apps.kernel.models import PublicId

from .enums import HoldState


class Hold(PublicId):
    """Part of a customer's balance set aside for one thing, until that is done (captured) or off (released)."""

    customer_id = models.UUIDField()
    subject_id = models.UUIDField(unique=True)  # the order line or refund that it is for
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3, default="CNY")
    state = models.CharField(max_length=10, choices=HoldState.choices, default=HoldState.HELD)
    created_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(amount_minor__gt=0), name="hold_amount"),
            models.CheckConstraint(
                condition=models.Q(state__in=HoldState.values), name="hold_state"
            ),
        ]
        indexes = [models.Index(fields=["customer_id", "state"], name="hold_customer")]
