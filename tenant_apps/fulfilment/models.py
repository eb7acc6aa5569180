"""WorkOrder: what we have asked a supplier to do. Resource: what the customer has."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from shared_apps.kernel.models import PublicId
from shared_apps.suppliers.models import Supplier
from tenant_apps.customers.models import Customer
from tenant_apps.orders.models import OrderLine

from .enums import ResourceState, WorkKind, WorkState


class WorkOrder(PublicId):
    """One job at one supplier, advanced step by step; each step is one call that may be repeated."""

    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="work_orders")
    kind = models.CharField(max_length=10, choices=WorkKind.choices)
    state = models.CharField(max_length=14, choices=WorkState.choices, default=WorkState.QUEUED)
    operation = models.CharField(
        max_length=10_000, blank=True
    )  # the supplier's own handle of what is going on
    attempts = models.PositiveIntegerField(default=0)  # failed calls in a row
    last_error = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    deadline_at = models.DateTimeField()  # past it, opening is given up and undone
    # Until when a machine that was given up is looked for again: a late answer may still make one.
    sweep_until = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["line", "kind"],
                condition=~models.Q(kind=WorkKind.SWITCH)
                | ~models.Q(state__in=[WorkState.DONE, WorkState.FAILED]),
                name="work_order_once",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=WorkState.values), name="work_order_state"
            ),
        ]


class Resource(PublicId):
    """A machine that a customer can use until `ends_at`; what is paid afterwards has no end.

    How to get in is sealed, and opened on request.
    """

    line = models.OneToOneField(OrderLine, on_delete=models.PROTECT, related_name="resource")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="resources")
    supplier = models.ForeignKey(Supplier, on_delete=models.PROTECT, related_name="+")
    number = models.CharField(_("资源编号"), max_length=32, unique=True)
    name = models.CharField(max_length=120)
    state = models.CharField(
        max_length=10, choices=ResourceState.choices, default=ResourceState.RUNNING
    )
    access_sealed = models.TextField(blank=True)
    started_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    metered_until = models.DateTimeField(
        null=True
    )  # of what is paid afterwards: charged up to here
    suspended_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    auto_renew = models.BooleanField(default=False)

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=ResourceState.values), name="resource_state"
            ),
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("started_at")), name="resource_period"
            ),
        ]
        indexes = [models.Index(fields=["customer", "state"], name="resource_customer")]
