"""The words by which an offering is found, kept in its `search` column."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Func, Value

from shared_apps.suppliers.models import Supplier

from . import words
from .models import GpuModel, Offering

_CARD = "显卡 显存 GPU 加速卡 图形处理器"
_BARE = "CPU 无卡"
_SPOT = "竞价 抢占 抢占式 spot"


class Lexemes(Func):
    """A tsvector of exactly these words: nothing is parsed again on the way in."""

    template = "array_to_tsvector(%(expressions)s::text[])"
    output_field = SearchVectorField()

    def __init__(self, found: list[str], **extra: Any) -> None:
        super().__init__(Value(found, output_field=ArrayField(models.TextField())), **extra)


def vector(*, offering: Offering, supplier: Supplier, gpu: GpuModel | None, spot: bool) -> Lexemes:
    texts = [
        offering.name,
        offering.sku,
        supplier.slug,
        supplier.name,
        supplier.name_zh,
        supplier.aliases,
    ]
    if supplier.hub is not None:
        texts += [
            supplier.hub.name,
            *supplier.hub.provinces,
            *supplier.hub.clusters,
            supplier.hub.pinyin,
        ]
    if gpu is not None:
        texts += [gpu.code, gpu.name, gpu.vendor, gpu.architecture, gpu.form, gpu.aliases, _CARD]
    else:
        texts.append(_BARE)
    if spot:
        texts.append(_SPOT)
    return Lexemes(
        words.lexemes(
            texts, gpu_count=offering.gpu_count, memory_gb=gpu.memory_gb if gpu is not None else 0
        )
    )
