"""Who did what, from where, and what it changed. Written with the change, never altered afterwards."""

from django.db import models
from django.db.models.functions import Now

from shared_apps.kernel.models import PublicId
from shared_apps.kernel.rows import SharedRows, TenantRows


class Record(PublicId):
    at = models.DateTimeField(db_default=Now())
    action = models.CharField(max_length=80)
    actor_kind = models.CharField(max_length=16)
    actor_id = models.CharField(max_length=160)
    actor_name = models.CharField(max_length=120, blank=True)
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=300, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    object_type = models.CharField(max_length=60, blank=True)
    object_id = models.CharField(max_length=64, blank=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    note = models.TextField(blank=True)

    rows: SharedRows | TenantRows = TenantRows(append_only=True)

    class Meta:
        indexes = [
            models.Index(fields=["object_type", "object_id", "at"], name="audit_object"),
            models.Index(fields=["-at"], name="audit_at"),
        ]
