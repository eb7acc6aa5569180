"""Lists come in pages by number. A page beyond the last is the last, and says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.serializers import BaseSerializer, Serializer

MOST_PER_PAGE = 100
PER_PAGE = 20

Row = TypeVar("Row", bound=Model)


class PageQuery(Serializer[Any]):
    page = serializers.IntegerField(
        min_value=1, max_value=1_000_000, default=1, help_text="页码，从 1 开始。"
    )
    per_page = serializers.IntegerField(
        min_value=1, max_value=MOST_PER_PAGE, default=PER_PAGE, help_text="每页条数。"
    )


@dataclass(frozen=True, slots=True)
class Page:
    items: Sequence[Any]
    page: int
    per_page: int
    total: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.per_page))


def page_of(rows: QuerySet[Row], *, page: int, per_page: int) -> Page:
    """Two queries: the count, and the rows with what they prefetch."""
    total = rows.count()
    page = min(page, max(1, -(-total // per_page)))
    first = (page - 1) * per_page
    return Page(list(rows[first : first + per_page]) if total else [], page, per_page, total)


def paged(item: type[BaseSerializer[Any]], name: str) -> type[Serializer[Any]]:
    """The serializer of a page of items; `name` is what the OpenAPI document calls it."""
    return type(
        name,
        (Serializer,),
        {
            "items": item(many=True),
            "page": serializers.IntegerField(help_text="本页页码。"),
            "pages": serializers.IntegerField(help_text="总页数，至少为 1。"),
            "per_page": serializers.IntegerField(help_text="每页条数。"),
            "total": serializers.IntegerField(help_text="全部条数。"),
        },
    )


def asked(request: Request, query: type[Serializer[Any]]) -> dict[str, Any]:
    """The query parameters, checked. Raises ValidationError."""
    checked = query(data=request.query_params)
    checked.is_valid(raise_exception=True)
    found: dict[str, Any] = checked.validated_data
    return found


def told(request: Request, body: type[Serializer[Any]]) -> dict[str, Any]:
    """The body, checked. Raises ValidationError."""
    checked = body(data=request.data)
    checked.is_valid(raise_exception=True)
    found: dict[str, Any] = checked.validated_data
    return found
