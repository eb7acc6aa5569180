from __future__ import annotations

from typing import ClassVar

from django.db import models


class Note(models.Model):
    """The row of the one-query view; its table is made by ncmatch/bench/databases.py."""

    objects: ClassVar[models.Manager[Note]]
    text = models.CharField(max_length=100)

    class Meta:
        app_label = "served"
        db_table = "bench_note"
        managed = False
