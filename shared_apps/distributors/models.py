"""The tree of distributors, the hosts of their shops, and the terms between parent and child.

The operator is the root: the one distributor without a parent.
"""

from __future__ import annotations

import re
from typing import Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django_tenants.models import TenantMixin

from shared_apps.kernel import ids, tenancy
from shared_apps.kernel.models import PublicId
from shared_apps.kernel.rows import ME, SharedRows

# What makes a shop visibly its own, and is its own to change.
BRANDING = (
    "name",
    "legal_name",
    "primary_color",
    "tagline",
    "about",
    "service_phone",
    "icp_number",
)
SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")


class State(models.TextChoices):
    ACTIVE = "ACTIVE", _("营业中")
    SUSPENDED = "SUSPENDED", _("已暂停")
    LEFT = "LEFT", _("已退出")


class Distributor(TenantMixin, PublicId):
    """One institution of the tree; its own people, orders and books stand in `schema_name`."""

    auto_create_schema = False

    schema_name = models.CharField(max_length=63, unique=True, default=ids.schema_name)
    slug = models.CharField(
        max_length=32, unique=True, validators=[RegexValidator(SLUG.pattern + r"\Z")]
    )
    name = models.CharField(_("名称"), max_length=60)
    legal_name = models.CharField(_("公司全称"), max_length=120, blank=True)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="children")
    depth = models.PositiveSmallIntegerField(default=0)  # the operator's is 0
    state = models.CharField(max_length=10, choices=State.choices, default=State.ACTIVE)
    created_at = models.DateTimeField(db_default=Now())
    # Branding: what makes the shop visibly its own.
    primary_color = models.CharField(_("主色"), max_length=7, default="#1f5fbf")
    logo = models.CharField(_("标志"), max_length=200, blank=True)
    tagline = models.CharField(_("标语"), max_length=120, blank=True)
    about = models.TextField(_("关于我们"), blank=True)
    service_phone = models.CharField(_("客服电话"), max_length=30, blank=True)
    icp_number = models.CharField(_("ICP 备案号"), max_length=40, blank=True)

    # Every level knows itself, the one above it and those directly below it.
    rows = SharedRows(
        read=f"id = {ME} OR parent_id = {ME} OR id = public.parent_distributor_id()",
        update=f"id = {ME}",
        update_columns=(*BRANDING, "logo"),  # never its place in the tree
        operator_read="true",
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=State.values), name="distributor_state"
            ),
            models.CheckConstraint(
                condition=models.Q(schema_name__regex=f"^{tenancy.SCHEMA.pattern}$"),
                name="distributor_schema_name",
            ),
            models.UniqueConstraint(
                models.Value(1), condition=models.Q(parent=None), name="distributor_one_root"
            ),
            models.CheckConstraint(
                condition=models.Q(parent=None, depth=0)
                | models.Q(parent__isnull=False, depth__gt=0),
                name="distributor_depth",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_operator(self) -> bool:
        return self.parent_id is None

    def save(self, *args: Any, **kwargs: Any) -> None:
        # TenantMixin.save minds django-tenants' current schema; here the row policies do.
        models.Model.save(self, *args, **kwargs)


class Domain(models.Model):
    """A host name under which a distributor's shop answers."""

    domain = models.CharField(max_length=253, unique=True, db_index=True)
    tenant = models.ForeignKey(Distributor, on_delete=models.PROTECT, related_name="domains")
    is_primary = models.BooleanField(default=True, db_index=True)

    rows = SharedRows(read=f"tenant_id = {ME}", operator_read="true")


class ResellerTerms(PublicId):
    """What a child pays its parent: a percent of the list price, while `valid` lasts.

    Never edited: a change closes the row in force and opens the next one.
    """

    child = models.ForeignKey(Distributor, on_delete=models.PROTECT, related_name="terms")
    wholesale_percent = models.DecimalField(_("结算折扣 %"), max_digits=7, decimal_places=4)
    valid = DateTimeRangeField(_("有效期"))  # half-open
    note = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    # The two parties to the terms see them, and nobody else.
    rows = SharedRows(
        read=f"child_id = {ME} OR public.parent_of(child_id) = {ME}",
        insert=f"public.parent_of(child_id) = {ME}",
        update=f"public.parent_of(child_id) = {ME}",
        update_columns=("valid",),
        delete=f"public.parent_of(child_id) = {ME} AND lower(valid) > now()",  # not yet in force
    )

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="reseller_terms_one_at_a_time",
                expressions=[("child", RangeOperators.EQUAL), ("valid", RangeOperators.OVERLAPS)],
            ),
            models.CheckConstraint(
                condition=models.Q(wholesale_percent__gt=0, wholesale_percent__lte=1000),
                name="reseller_terms_percent",
            ),
            models.CheckConstraint(
                condition=models.Q(valid__isempty=False), name="reseller_terms_some_time"
            ),
        ]
