"""Folded sums, so that a balance as of any moment does not read all that was ever posted."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from shared_apps.kernel.rows import TenantRows

from .books import Account


class FoldedSum(models.Model):
    """What was posted to an account by entries that count from one day and were recorded on one day; or,
    `monthly`, in one month and another, both named by their first day. Written by `ledger_fold` alone."""

    rows = TenantRows()

    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, db_index=False, db_constraint=False, related_name="+"
    )
    monthly = models.BooleanField()
    effective_on = models.DateField()
    recorded_on = models.DateField()
    debit_minor = models.BigIntegerField()
    credit_minor = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "monthly", "effective_on", "recorded_on"],
                name="ledger_folded_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["effective_on"], condition=Q(monthly=False), name="ledger_folded_effective"
            ),
            models.Index(
                fields=["recorded_on"], condition=Q(monthly=False), name="ledger_folded_recorded"
            ),
            models.Index(
                fields=["account"],
                condition=Q(monthly=True),
                include=["effective_on", "recorded_on", "debit_minor", "credit_minor"],
                name="ledger_folded_months",
            ),
        ]


class FoldMark(models.Model):
    """One row: the sums hold every entry up to this one, and none after it."""

    rows = TenantRows()

    entry_id = models.BigIntegerField(default=0)
