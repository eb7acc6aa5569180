"""What institutions owe each other: the price waterfall of each sale, frozen, and its obligations.

These tables stand in the shared plane. Rows are written by SQL functions alone (`sql/waterfall.sql`):
a seller's role can neither read the terms above its parent nor write anybody's hop.
"""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from shared_apps.distributors.models import Distributor
from shared_apps.kernel.models import PublicId
from shared_apps.kernel.rows import ME, SharedRows
from shared_apps.suppliers.models import Supplier


class Kind(models.TextChoices):
    SALE = "SALE", _("销售")
    REFUND = "REFUND", _("退款")


class Side(models.TextChoices):
    DEBTOR = "DEBTOR", _("应付方")
    CREDITOR = "CREDITOR", _("应收方")


_OWN_HOP = f"debtor_id = {ME} OR creditor_id = {ME}"


class Hop(models.Model):
    """One step of the waterfall: a debtor owes the creditor above it. The last creditor is the supplier."""

    trace_id = models.UUIDField()  # the seller's order line
    position = models.PositiveSmallIntegerField()  # 0 is the seller's own hop
    debtor = models.ForeignKey(Distributor, on_delete=models.PROTECT, related_name="+")
    creditor = models.ForeignKey(Distributor, on_delete=models.PROTECT, null=True, related_name="+")
    supplier = models.ForeignKey(Supplier, on_delete=models.PROTECT, null=True, related_name="+")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3, default="CNY")

    class Meta:
        abstract = True


class PriceHop(Hop):
    """A hop as it was at the moment of ordering; nothing later changes it."""

    list_hourly = models.DecimalField(max_digits=18, decimal_places=6)
    percent = models.DecimalField(max_digits=7, decimal_places=4)
    hours = models.DecimalField(max_digits=18, decimal_places=6)
    frozen_at = models.DateTimeField()

    rows = SharedRows(read=_OWN_HOP, append_only=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["trace_id", "position"], name="price_hop_once"),
            models.CheckConstraint(
                condition=models.Q(amount_minor__gte=0), name="price_hop_amount"
            ),
            models.CheckConstraint(
                condition=models.Q(creditor__isnull=False, supplier=None)
                | models.Q(creditor=None, supplier__isnull=False),
                name="price_hop_one_creditor",
            ),
        ]


class Obligation(Hop, PublicId):
    """A debt that came about: a hop whose sale happened, or the negated copy of a part that takes it back.

    `id` and `recorded_at` say when we knew of it, `effective_at` when it happened. Nothing of a row
    changes later but a sale's count of what was taken back, which the constraint bounds.
    """

    kind = models.CharField(max_length=8, choices=Kind.choices)
    reverses = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="refunds"
    )
    refund_id = models.UUIDField(null=True)  # the seller's refund that a negated copy is of
    refunded_minor = models.BigIntegerField(default=0)  # of a sale: Σ of its negated copies
    effective_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())

    rows = SharedRows(read=_OWN_HOP, append_only=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["trace_id", "position", "refund_id"],
                nulls_distinct=False,
                name="obligation_once",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    kind=Kind.SALE,
                    amount_minor__gte=0,
                    reverses=None,
                    refund_id=None,
                    refunded_minor__gte=0,
                    refunded_minor__lte=models.F("amount_minor"),
                )
                | models.Q(
                    kind=Kind.REFUND,
                    amount_minor__lte=0,
                    reverses__isnull=False,
                    refund_id__isnull=False,
                    refunded_minor=0,
                ),
                name="obligation_sign",
            ),
            models.CheckConstraint(
                condition=models.Q(creditor__isnull=False, supplier=None)
                | models.Q(creditor=None, supplier__isnull=False),
                name="obligation_one_creditor",
            ),
        ]
        indexes = [
            models.Index(fields=["debtor", "effective_at"], name="obligation_debtor"),
            models.Index(fields=["creditor", "effective_at"], name="obligation_creditor"),
        ]


class RefundPermit(models.Model):
    """The operator's word that a sale may be taken back beyond what was not used."""

    trace_id = models.UUIDField(unique=True)
    reason = models.CharField(max_length=200)
    permitted_by = models.CharField(max_length=120)
    permitted_at = models.DateTimeField()

    rows = SharedRows(operator_read="true", operator_write=True, append_only=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~models.Q(reason=""), name="refund_permit_reason"),
        ]


class Booking(models.Model):
    """One party's duty to book one obligation in its own ledger; without `booked_at` it is in transit."""

    obligation = models.ForeignKey(Obligation, on_delete=models.PROTECT, related_name="bookings")
    party = models.ForeignKey(Distributor, on_delete=models.PROTECT, related_name="+")
    side = models.CharField(max_length=8, choices=Side.choices)
    recorded_at = models.DateTimeField(db_default=Now())
    booked_at = models.DateTimeField(null=True)
    entry_id = models.UUIDField(null=True)  # in the party's own ledger
    error = models.TextField(default="", blank=True)  # why the books refused it last
    next_try_at = models.DateTimeField(null=True)

    rows = SharedRows(
        read=f"party_id = {ME}",
        update=f"party_id = {ME}",
        update_columns=("booked_at", "entry_id", "error", "next_try_at"),
        operator_read="true",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["obligation", "side"], name="booking_once"),
        ]
        indexes = [
            models.Index(
                fields=["party", "id"], name="booking_pending", condition=models.Q(booked_at=None)
            ),
        ]
