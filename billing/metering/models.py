"""What is paid afterwards: what was used, what it cost, whose credit bears it, and the month's bill."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from shared_apps.kernel.models import PublicId
from shared_apps.kernel.money import Money

from .enums import BillState, ChargeState, UsageSource, UsageState


class UsageRecord(PublicId):
    """So much of a component of a machine in [starts_at, ends_at). Written once.

    The meter's own id makes it unique; another body under a known id is kept beside it as a conflict.
    """

    source = models.CharField(max_length=8, choices=UsageSource.choices)
    record_id = models.CharField(_("计量编号"), max_length=120)
    resource_id = models.UUIDField()
    customer_id = models.UUIDField()
    name = models.CharField(max_length=120)
    component = models.CharField(max_length=40)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    quantity = models.DecimalField(max_digits=18, decimal_places=6)
    digest = models.CharField(max_length=64)
    state = models.CharField(max_length=8, choices=UsageState.choices, default=UsageState.ACCEPTED)
    received_at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(
                fields=["source", "record_id"],
                condition=models.Q(state=UsageState.ACCEPTED),
                name="usage_once",
            ),
            models.UniqueConstraint(
                fields=["source", "record_id", "digest"], name="usage_conflict_once"
            ),
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at"), quantity__gt=0),
                name="usage_of_some_time",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=UsageState.values, source__in=UsageSource.values),
                name="usage_state",
            ),
        ]
        indexes = [models.Index(fields=["resource_id", "-starts_at"], name="usage_resource")]


class CreditLine(PublicId):
    """How far a customer may owe. The database keeps the ceiling: `used` is what stands in the books."""

    customer_id = models.UUIDField(unique=True)
    limit_minor = models.BigIntegerField(default=0)
    used_minor = models.BigIntegerField(default=0)
    asked_minor = models.BigIntegerField(null=True)  # a limit that a second person decides
    currency = models.CharField(max_length=3, default="CNY")
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(used_minor__gte=0, used_minor__lte=models.F("limit_minor")),
                name="credit_used_at_most_limit",
            ),
        ]

    @property
    def limit(self) -> Money:
        return Money(self.limit_minor, self.currency)

    @property
    def used(self) -> Money:
        return Money(self.used_minor, self.currency)


class Bill(PublicId):
    """账单: a customer's charges of one month. What the balance did not bear is to be paid by `due_at`."""

    number = models.CharField(max_length=32, unique=True)
    customer_id = models.UUIDField()
    month = models.DateField()  # its first day
    state = models.CharField(max_length=8, choices=BillState.choices, default=BillState.OPEN)
    total_minor = models.BigIntegerField(default=0)
    credit_minor = models.BigIntegerField(default=0)  # of the total, on credit
    repaid_minor = models.BigIntegerField(default=0)  # of the credit
    currency = models.CharField(max_length=3, default="CNY")
    issued_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    paid_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("-month", "-id")
        constraints = [
            models.UniqueConstraint(fields=["customer_id", "month"], name="bill_once_a_month"),
            models.CheckConstraint(
                condition=models.Q(state__in=BillState.values), name="bill_state"
            ),
            models.CheckConstraint(
                condition=models.Q(
                    repaid_minor__gte=0,
                    repaid_minor__lte=models.F("credit_minor"),
                    credit_minor__lte=models.F("total_minor"),
                ),
                name="bill_repaid_at_most_owed",
            ),
        ]

    @property
    def total(self) -> Money:
        return Money(self.total_minor, self.currency)

    @property
    def owed(self) -> Money:
        return Money(self.credit_minor - self.repaid_minor, self.currency)


class Charge(PublicId):
    """What one usage record cost: so much from the balance, the rest on credit."""

    usage = models.OneToOneField(UsageRecord, on_delete=models.PROTECT, related_name="charge")
    bill = models.ForeignKey(Bill, on_delete=models.PROTECT, null=True, related_name="charges")
    customer_id = models.UUIDField()
    trace_id = models.UUIDField(unique=True)
    hourly_minor = models.BigIntegerField()
    amount_minor = models.BigIntegerField()
    credit_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3, default="CNY")
    state = models.CharField(max_length=8, choices=ChargeState.choices, default=ChargeState.WAITING)
    is_correction = models.BooleanField(default=False)  # for a month whose bill was out already
    booked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("id",)
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    amount_minor__gte=0,
                    credit_minor__gte=0,
                    credit_minor__lte=models.F("amount_minor"),
                ),
                name="charge_amounts",
            ),
            models.CheckConstraint(
                condition=models.Q(state=ChargeState.WAITING, bill=None, booked_at=None)
                | models.Q(state=ChargeState.BOOKED, bill__isnull=False, booked_at__isnull=False),
                name="charge_state",
            ),
        ]
        indexes = [
            models.Index(
                fields=["customer_id", "id"],
                name="charge_waiting",
                condition=models.Q(state=ChargeState.WAITING),
            ),
        ]

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)
