"""What a distributor asks of its own customers: a percent of the list price, while `valid` lasts."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from shared_apps.kernel.models import PublicId


class RetailRule(PublicId):
    """Never edited: a change closes the row in force and opens the next one."""

    retail_percent = models.DecimalField(_("零售折扣 %"), max_digits=7, decimal_places=4)
    valid = DateTimeRangeField(_("有效期"))  # half-open
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="retail_rule_one_at_a_time", expressions=[("valid", RangeOperators.OVERLAPS)]
            ),
            models.CheckConstraint(
                condition=models.Q(retail_percent__gt=0, retail_percent__lte=1000),
                name="retail_rule_percent",
            ),
        ]
