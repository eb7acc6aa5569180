"""对账: for each merchant account and day, the provider's bill against our payments, refunds and books."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from billing.payments.models import MerchantAccount
from shared_apps.identity.models import User
from shared_apps.kernel.models import PublicId
from shared_apps.kernel.money import Money
from shared_apps.kernel.rows import TenantRows

from .enums import DayState, LineKind, Result, Treatment


class ReconciledDay(PublicId):
    """One account on one of China's days. Run as often as one likes: what was settled stays settled.

    `run` and `leased_until` say who is at it; a run that died is superseded once its lease is over.
    """

    account = models.ForeignKey(MerchantAccount, on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    state = models.CharField(max_length=8, choices=DayState.choices, default=DayState.WAITING)
    run = models.UUIDField(null=True)
    leased_until = models.DateTimeField(null=True)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=300, blank=True)
    uploaded = models.BooleanField(default=False)
    bill = models.BinaryField(default=bytes)  # as it came
    draft = models.BinaryField(default=bytes)  # handed in, its columns not yet named
    bill_digest = models.CharField(max_length=64, blank=True)
    ours_minor = models.BigIntegerField(default=0)  # payments less refunds
    theirs_minor = models.BigIntegerField(default=0)
    fee_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3, default="CNY")
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    rows = TenantRows()

    class Meta:
        ordering = ("-day", "-id")
        constraints = [
            models.UniqueConstraint(fields=["account", "day"], name="reconciled_day_once"),
            models.CheckConstraint(
                condition=Q(state__in=DayState.values), name="reconciled_day_state"
            ),
        ]
        indexes = [models.Index(fields=["state", "next_try_at"], name="reconciled_day_due")]

    @property
    def ours(self) -> Money:
        return Money(self.ours_minor, self.currency)

    @property
    def theirs(self) -> Money:
        return Money(self.theirs_minor, self.currency)

    @property
    def fee(self) -> Money:
        return Money(self.fee_minor, self.currency)

    @property
    def gap(self) -> Money:
        return self.theirs - self.ours


class ReconciledLine(PublicId):
    """One movement, as we know it and as the provider does; null where one side does not know it."""

    day = models.ForeignKey(ReconciledDay, on_delete=models.PROTECT, related_name="lines")
    kind = models.CharField(max_length=7, choices=LineKind.choices)
    number = models.CharField(max_length=64, blank=True)
    request_no = models.CharField(max_length=64, blank=True)
    provider_trade_no = models.CharField(max_length=64, blank=True)
    ours_minor = models.BigIntegerField(null=True)
    theirs_minor = models.BigIntegerField(null=True)
    booked_minor = models.BigIntegerField(null=True)  # by the ledger
    fee_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3, default="CNY")
    ours_at = models.DateTimeField(null=True)
    theirs_at = models.DateTimeField(null=True)
    result = models.CharField(max_length=13, choices=Result.choices)
    treatment = models.CharField(max_length=9, choices=Treatment.choices, default=Treatment.NONE)
    reason = models.CharField(max_length=300, blank=True)
    treated_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    treated_at = models.DateTimeField(null=True)
    seen_by = models.UUIDField(null=True)  # the run that last saw it

    rows = TenantRows()

    class Meta:
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint(
                fields=["day", "kind", "number", "request_no", "provider_trade_no"],
                name="reconciled_line_once",
            ),
            models.CheckConstraint(
                condition=Q(result__in=Result.values, treatment__in=Treatment.values)
                & Q(kind__in=LineKind.values),
                name="reconciled_line_words",
            ),
            models.CheckConstraint(
                condition=~Q(result=Result.MATCHED)
                | Q(ours_minor=F("theirs_minor"), treatment=Treatment.NONE),
                name="reconciled_line_matched_is_equal",
            ),
            models.CheckConstraint(
                condition=Q(result=Result.MATCHED) | ~Q(treatment=Treatment.NONE),
                name="reconciled_line_difference_is_treated",
            ),
            models.CheckConstraint(
                condition=Q(treatment__in=[Treatment.NONE, Treatment.OPEN]) | ~Q(reason=""),
                name="reconciled_line_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["day", "result"], name="reconciled_line_result"),
            models.Index(fields=["number"], name="reconciled_line_number"),
        ]

    @property
    def ours(self) -> Money | None:
        return None if self.ours_minor is None else Money(self.ours_minor, self.currency)

    @property
    def theirs(self) -> Money | None:
        return None if self.theirs_minor is None else Money(self.theirs_minor, self.currency)

    @property
    def fee(self) -> Money:
        return Money(self.fee_minor, self.currency)

    @property
    def gap(self) -> Money:
        """What the account has more at the provider than by our books; negative: less."""
        if self.kind == LineKind.FEE:
            return Money(-self.fee_minor, self.currency)
        if self.result == Result.DAY:
            return Money.zero(self.currency)
        more = (self.theirs_minor or 0) - (self.ours_minor or 0)
        return Money(more if self.kind == LineKind.PAYMENT else -more, self.currency)
