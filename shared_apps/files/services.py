from __future__ import annotations

import hashlib
import re
from datetime import datetime
from pathlib import PurePosixPath

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from shared_apps.audit.services import record
from shared_apps.identity.models import User

from .enums import SIGNATURES, MediaType
from .errors import FileEmpty, FileKindRefused, FileTooLarge
from .models import MOST_BYTES, StoredFile


def keep(*, upload: UploadedFile, purpose: str, by: User | None, at: datetime) -> StoredFile:
    """Stores a PDF or a picture, judged by its content. `by` None: the system, or nobody logged in."""
    if upload.size is None or upload.size > MOST_BYTES:
        raise FileTooLarge(field="file", most=MOST_BYTES // 1024 // 1024)
    return keep_bytes(
        content=upload.read(), name=str(upload.name or ""), purpose=purpose, by=by, at=at
    )


def keep_bytes(
    *, content: bytes, name: str, purpose: str, by: User | None, at: datetime
) -> StoredFile:
    """The same for content that was made here or came from elsewhere than a form."""
    if not content:
        raise FileEmpty(field="file")
    if len(content) > MOST_BYTES:
        raise FileTooLarge(field="file", most=MOST_BYTES // 1024 // 1024)
    media_type = _media_type(content)
    with transaction.atomic():
        file = StoredFile.objects.create(
            name=_clean(name, media_type),
            purpose=purpose,
            media_type=media_type,
            size=len(content),
            digest=hashlib.sha256(content).hexdigest(),
            content=content,
            created_by=by,
            created_at=at,
        )
        record(
            "file.keep",
            obj=file,
            after={"name": file.name, "purpose": purpose, "size": file.size, "sha256": file.digest},
        )
    return file


def _media_type(content: bytes) -> MediaType:
    for media_type, signature in SIGNATURES.items():
        if content.startswith(signature):
            return media_type
    raise FileKindRefused(field="file")


def _clean(name: str, media_type: MediaType) -> str:
    """The last part of the name that was given, without what a file system or a header could take amiss."""
    stem = PurePosixPath(name.replace("\\", "/")).stem
    stem = re.sub(r"[^\w\u4e00-\u9fff（）() .-]", "_", stem).strip(" .")[:100] or "file"
    return f"{stem}.{media_type.name.lower().replace('jpeg', 'jpg')}"
