from __future__ import annotations

from uuid import UUID

from .errors import FileNotFound
from .models import StoredFile


def file(*, public_id: UUID) -> StoredFile:
    found = StoredFile.objects.filter(public_id=public_id).first()
    if found is None:
        raise FileNotFound
    return found
