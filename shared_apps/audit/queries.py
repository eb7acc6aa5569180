from django.db import models
from django.db.models import QuerySet

from .models import Record


def history(obj: models.Model) -> QuerySet[Record]:
    """Everything that was done to one object, newest first."""
    return Record.objects.filter(
        object_type=obj._meta.label_lower, object_id=str(getattr(obj, "public_id", obj.pk))
    ).order_by("-at", "-pk")
