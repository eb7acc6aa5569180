"""What may be handed in, and how it comes back."""

from __future__ import annotations

import hashlib

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction

from shared_apps.audit.models import Record
from shared_apps.distributors.models import Distributor
from shared_apps.files.answers import download
from shared_apps.files.errors import FileEmpty, FileKindRefused, FileNotFound, FileTooLarge
from shared_apps.files.models import MOST_BYTES, StoredFile
from shared_apps.files.queries import file
from shared_apps.files.services import keep, keep_bytes
from shared_apps.kernel import clock, ids, tenancy
from tests.conftest import Inside

PDF = b"%PDF-1.7\n%%EOF"
PNG = b"\x89PNG\r\n\x1a\n0000"


def test_a_paper_comes_back_as_it_was_handed_in(
    db: None, inside: Inside, north: Distributor
) -> None:
    with inside(north):
        kept = keep(
            upload=SimpleUploadedFile("回单 1.PDF", PDF), purpose="slip", by=None, at=clock.now()
        )
        assert (kept.name, kept.media_type, kept.size) == ("回单 1.pdf", "application/pdf", 14)
        assert kept.digest == hashlib.sha256(PDF).hexdigest()
        answer = download(file(public_id=kept.public_id))
        assert answer.content == PDF
        assert answer["Content-Disposition"].startswith("attachment; filename*=UTF-8''%E5%9B%9E")
        assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert Record.objects.latest("id").action == "file.keep"


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("../../etc/passwd.png", "passwd.png"),
        ("a\\b\\c.exe", "c.png"),
        ("x\r\nSet-Cookie: a=b.png", "x__Set-Cookie_ a_b.png"),
        ("....", "file.png"),
    ],
)
def test_a_name_carries_nothing_but_a_name(
    db: None, inside: Inside, north: Distributor, name: str, clean: str
) -> None:
    with inside(north):
        kept = keep_bytes(content=PNG, name=name, purpose="slip", by=None, at=clock.now())
        assert kept.name == clean


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"", FileEmpty),
        (b"<svg onload=alert(1)>", FileKindRefused),
        (b"<html>%PDF-", FileKindRefused),
        (PDF + b"0" * MOST_BYTES, FileTooLarge),
    ],
    ids=["empty", "picture with script", "page", "too large"],
)
def test_what_is_no_paper_is_not_taken(
    db: None, inside: Inside, north: Distributor, content: bytes, refusal: type[Exception]
) -> None:
    with inside(north):
        with pytest.raises(refusal):
            keep(
                upload=SimpleUploadedFile("invoice.pdf", content),
                purpose="slip",
                by=None,
                at=clock.now(),
            )
        assert not StoredFile.objects.exists()


def test_what_is_kept_is_not_changed(db: None, inside: Inside, north: Distributor) -> None:
    with inside(north):
        kept = keep_bytes(content=PDF, name="a.pdf", purpose="slip", by=None, at=clock.now())
        for statement in ("UPDATE files_storedfile SET name = 'b'", "DELETE FROM files_storedfile"):
            with (
                pytest.raises(DatabaseError),
                transaction.atomic(),
                connection.cursor() as cursor,
            ):
                cursor.execute(statement)
        assert file(public_id=kept.public_id).name == "a.pdf"


def test_another_shop_does_not_know_of_it(
    db: None, inside: Inside, north: Distributor, rival: Distributor
) -> None:
    with inside(north):
        kept = keep_bytes(content=PDF, name="a.pdf", purpose="slip", by=None, at=clock.now())
    with tenancy.enter(rival.schema_name):
        for public_id in (kept.public_id, ids.new_id()):
            with pytest.raises(FileNotFound):
                file(public_id=public_id)
