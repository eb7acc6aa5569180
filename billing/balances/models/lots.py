"""A customer's money, in the lots that it came in, and what of it is set aside.

The database is the judge (`sql/`): a lot moves by its uses alone, none is ever overdrawn, and no hold
gives back more of a lot than it took. Customers are known here by their public id: billing does not
know the people.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Now

from billing.balances.enums import HoldState, LotKind, UseWay
from billing.ledger.models import Entry
from shared_apps.kernel.models import PublicId
from shared_apps.kernel.money import Money
from shared_apps.kernel.rows import TenantRows


class Hold(PublicId):
    """Part of a customer's balance set aside for one thing, until that is done (captured) or off (released)."""

    customer_id = models.UUIDField()
    subject_id = models.UUIDField(
        unique=True
    )  # the order line, refund or withdrawal that it is for
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3, default="CNY")
    state = models.CharField(max_length=10, choices=HoldState.choices, default=HoldState.HELD)
    created_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="hold_amount"),
            models.CheckConstraint(condition=Q(state__in=HoldState.values), name="hold_state"),
        ]
        indexes = [models.Index(fields=["customer_id", "state"], name="hold_customer")]


class Lot(PublicId):
    """Money that came into a customer's balance at one time from one source.

    `source` is that of the ledger's entry which brought it, so it comes once; `origin_id` is the
    payment, offline recharge or gift itself. Of `amount_minor`, `left_minor` can be spent and
    `held_minor` is set aside; the rest is spent, paid out or expired. Both are kept by the uses.
    """

    customer_id = models.UUIDField()
    kind = models.CharField(max_length=6, choices=LotKind.choices)
    source = models.CharField(max_length=200, unique=True)
    origin_id = models.UUIDField()
    title = models.CharField(max_length=120)
    amount_minor = models.BigIntegerField()
    left_minor = models.BigIntegerField(default=0)
    held_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3, default="CNY")
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=LotKind.values), name="lot_kind"),
            models.CheckConstraint(
                condition=Q(
                    amount_minor__gt=0,
                    left_minor__gte=0,
                    held_minor__gte=0,
                    left_minor__lte=F("amount_minor") - F("held_minor"),
                ),
                name="lot_never_overdrawn",
            ),
            models.CheckConstraint(
                condition=Q(kind=LotKind.PAID, expires_at__isnull=True)
                | (~Q(kind=LotKind.PAID) & Q(expires_at__isnull=False)),
                name="lot_paid_money_does_not_expire",
            ),
        ]
        indexes = [
            models.Index(fields=["customer_id", "id"], name="lot_customer"),
            models.Index(fields=["origin_id"], name="lot_origin"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def left(self) -> Money:
        return Money(self.left_minor, self.currency)

    @property
    def held(self) -> Money:
        return Money(self.held_minor, self.currency)


def _signed(**signs: list[UseWay]) -> Case:
    return Case(
        When(way__in=signs["plus"], then=F("amount_minor")),
        When(way__in=signs["minus"], then=-F("amount_minor")),
        default=Value(0),
    )


class LotUse(models.Model):
    """One movement of one lot, for one entry of the ledger; written once. Lots follow these rows."""

    rows = TenantRows(append_only=True)

    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="uses")
    hold = models.ForeignKey(Hold, on_delete=models.PROTECT, null=True, related_name="uses")
    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="+")
    customer_id = models.UUIDField(db_index=True)
    way = models.CharField(max_length=7, choices=UseWay.choices)
    amount_minor = models.BigIntegerField()
    free_change = models.GeneratedField(
        expression=_signed(
            plus=[UseWay.ENTER, UseWay.RELEASE, UseWay.RETURN], minus=[UseWay.HOLD, UseWay.EXPIRE]
        ),
        output_field=models.BigIntegerField(),
        db_persist=True,
    )
    held_change = models.GeneratedField(
        expression=_signed(plus=[UseWay.HOLD], minus=[UseWay.RELEASE, UseWay.CAPTURE]),
        output_field=models.BigIntegerField(),
        db_persist=True,
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(way__in=UseWay.values), name="lot_use_way"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="lot_use_amount"),
            models.CheckConstraint(
                condition=Q(way__in=[UseWay.ENTER, UseWay.EXPIRE], hold__isnull=True)
                | (~Q(way__in=[UseWay.ENTER, UseWay.EXPIRE]) & Q(hold__isnull=False)),
                name="lot_use_hold",
            ),
        ]
