"""Files that people hand in: slips, invoices, vouchers' papers.

They stand in the institution's own schema, beside the rows that they prove: behind the same role, in
the same transaction and the same backup, and nobody reaches one by a path.
"""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from shared_apps.kernel.models import PublicId
from shared_apps.kernel.rows import TenantRows

from .enums import MediaType

MOST_BYTES = 5 * 1024 * 1024


class StoredFile(PublicId):
    """Kept as it was handed in. What it is was found in its content, not in its name."""

    rows = TenantRows(append_only=True)

    name = models.CharField(_("文件名"), max_length=120)
    purpose = models.SlugField(max_length=40)
    media_type = models.CharField(max_length=30, choices=MediaType.choices)
    size = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)  # SHA-256
    content = models.BinaryField()
    created_by = models.ForeignKey("identity.User", on_delete=models.PROTECT, null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(media_type__in=MediaType.values), name="file_media_type"
            ),
            models.CheckConstraint(
                condition=models.Q(size__gt=0, size__lte=MOST_BYTES), name="file_size"
            ),
        ]

    def __str__(self) -> str:
        return self.name
