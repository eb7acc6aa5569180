"""News between apps, written in the same transaction as the change that it tells of.

One row is one handler's copy of one event: it is due, leased by a worker, and then done or dead.
The rows of all tenants stand in one shared table, so that finding what is due costs the same
however many tenants there are; a tenant's role sees and writes its own only.
"""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from shared_apps.kernel.models import PublicId
from shared_apps.kernel.rows import SharedRows


class State(models.TextChoices):
    PENDING = "PENDING", _("待投递")
    DONE = "DONE", _("已完成")
    DEAD = "DEAD", _("多次失败")


class Delivery(PublicId):
    schema = models.CharField(max_length=63)  # on whose behalf; "public" for the shared plane
    topic = models.CharField(max_length=80)
    handler = models.CharField(max_length=120)
    payload = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=State.choices, default=State.PENDING)
    due_at = models.DateTimeField(db_default=Now())  # also the end of a worker's lease
    attempts = models.PositiveIntegerField(default=0)
    last_error = models.TextField(default="", blank=True)
    created_at = models.DateTimeField(db_default=Now())
    done_at = models.DateTimeField(null=True)

    rows = SharedRows(
        read="schema = current_user",
        insert="schema = current_user",
        update="schema = current_user",
        update_columns=("state", "due_at", "attempts", "last_error", "done_at"),
        operator_read="true",
    )

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], name="outbox_due", condition=models.Q(state="PENDING")),
            models.Index(fields=["schema", "topic"], name="outbox_schema_topic"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(state__in=State.values), name="outbox_state"),
        ]
