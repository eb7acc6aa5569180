from django.db import models

from .ids import new_id


class PublicId(models.Model):
    """Adds the id that pages and the API show; the primary key stays inside."""

    public_id = models.UUIDField(default=new_id, unique=True, editable=False)

    class Meta:
        abstract = True
