"""The OpenAPI document and the page that shows it. Both load from this site alone, under its content policy."""

from __future__ import annotations

from functools import cache

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer

from shared_apps.identity.access import Anyone, access

from . import description  # noqa: F401  says how a token is described, by being imported

URLCONF = "ncmatch.urls.api"


@cache
def document() -> bytes:
    """Made once a process: the routes do not change while it runs."""
    generator = SchemaGenerator(urlconf=URLCONF)  # type: ignore[no-untyped-call]
    schema = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    rendered: bytes = OpenApiJsonRenderer().render(schema)
    return rendered


@access(Anyone)
def openapi(request: HttpRequest) -> HttpResponse:
    return HttpResponse(document(), content_type="application/json")


@access(Anyone)
def docs(request: HttpRequest) -> HttpResponse:
    return render(request, "api/docs.html")
