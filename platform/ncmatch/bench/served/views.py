from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from ncmatch.bench.served.models import Note


def note(request: HttpRequest, pk: int) -> HttpResponse:
    """One row by its primary key, as plain text."""
    return HttpResponse(Note.objects.get(pk=pk).text, content_type="text/plain; charset=utf-8")
