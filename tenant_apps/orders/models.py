"""Cart → Order → OrderLine. A line is one machine for some hours: it opens, fails or is refunded alone."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from shared_apps.catalog.models import Plan
from shared_apps.kernel.models import PublicId
from shared_apps.kernel.money import Money
from shared_apps.suppliers.models import Supplier
from tenant_apps.customers.models import Customer

from .enums import LineState, OrderState, RefundState, RefundTo

MOST_PER_ITEM = 10
MOST_HOURS = 24 * 366
MOST_CHOICES = 20  # different choices in one order
MOST_UNPAID = 100  # orders of one customer that wait to be paid


class CartItem(PublicId):
    """What a customer means to buy. No price: that is found anew each time the cart is looked at."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="cart_items")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveSmallIntegerField(_("台数"), default=1)
    hours = models.PositiveIntegerField(_("小时"), default=1)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint(fields=["customer", "plan", "hours"], name="cart_item_once"),
            models.CheckConstraint(
                condition=models.Q(quantity__gte=1, quantity__lte=MOST_PER_ITEM),
                name="cart_item_quantity",
            ),
            models.CheckConstraint(
                condition=models.Q(hours__gte=1, hours__lte=MOST_HOURS), name="cart_item_hours"
            ),
        ]


class Order(PublicId):
    number = models.CharField(_("订单号"), max_length=32, unique=True)
    request_key = models.UUIDField(
        unique=True
    )  # the form or API call that placed it: a repeat finds it
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="orders")
    state = models.CharField(
        max_length=20, choices=OrderState.choices, default=OrderState.AWAITING_PAYMENT
    )
    total_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3, default="CNY")
    terms_version = models.CharField(_("服务条款版本"), max_length=20)
    placed_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True)
    paid_by = models.CharField(max_length=16, blank=True)
    paid_intent = models.CharField(
        max_length=32, blank=True
    )  # the payment whose money it is, if from outside
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=OrderState.values), name="order_state"
            ),
            models.CheckConstraint(condition=models.Q(total_minor__gte=0), name="order_total"),
        ]
        indexes = [models.Index(fields=["state", "placed_at"], name="order_state_placed")]

    def __str__(self) -> str:
        return self.number

    @property
    def total(self) -> Money:
        return Money(self.total_minor, self.currency)


class OrderLine(PublicId):
    """One machine. Its public id is the request id at the supplier and the trace of its price waterfall.

    What is paid afterwards has no hours and no amount: it is charged as it is used.
    """

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="lines")
    position = models.PositiveSmallIntegerField()
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="+")
    supplier = models.ForeignKey(Supplier, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=120)  # as it was sold
    specs = models.JSONField()  # as they were sold
    hours = models.PositiveIntegerField()
    hourly_minor = models.BigIntegerField()
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3, default="CNY")
    state = models.CharField(max_length=10, choices=LineState.choices, default=LineState.WAITING)
    failure = models.CharField(_("失败原因"), max_length=300, blank=True)
    # The first line of a machine, where this one buys it more time.
    renews = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="renewals")
    opened_at = models.DateTimeField(null=True)
    refunded_minor = models.BigIntegerField(default=0)  # Σ of its refunds that are done
    refunded_hours = models.PositiveIntegerField(default=0)  # given back from the end

    class Meta:
        ordering = ("order", "position")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    refunded_minor__gte=0,
                    refunded_minor__lte=models.F("amount_minor"),
                    refunded_hours__lte=models.F("hours"),
                ),
                name="order_line_refunded_at_most_paid",
            ),
            models.UniqueConstraint(fields=["order", "position"], name="order_line_position"),
            models.CheckConstraint(
                condition=models.Q(state__in=LineState.values), name="order_line_state"
            ),
            models.CheckConstraint(
                condition=models.Q(
                    hourly_minor__gt=0, amount_minor=models.F("hourly_minor") * models.F("hours")
                ),
                name="order_line_amount",
            ),
        ]

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def refunded(self) -> Money:
        return Money(self.refunded_minor, self.currency)

    @property
    def kept(self) -> Money:
        """What the shop keeps of it so far."""
        return Money(self.amount_minor - self.refunded_minor, self.currency)


class LineRefund(PublicId):
    """Part of a line given back: whole hours from its end, or an amount with a reason."""

    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="refunds")
    hours = models.PositiveIntegerField(default=0)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3, default="CNY")
    reason = models.CharField(max_length=120)
    to = models.CharField(max_length=8, choices=RefundTo.choices)
    state = models.CharField(max_length=8, choices=RefundState.choices, default=RefundState.ASKED)
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("id",)
        constraints = [
            models.CheckConstraint(
                condition=models.Q(amount_minor__gt=0), name="line_refund_amount"
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=RefundState.values), name="line_refund_state"
            ),
            models.CheckConstraint(
                condition=models.Q(to__in=RefundTo.values), name="line_refund_to"
            ),
        ]

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)
