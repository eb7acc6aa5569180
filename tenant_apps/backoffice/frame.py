"""Every page of the back office stands in the same frame; a part of one, asked for by htmx, stands alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from shared_apps.distributors.site import distributor_of
from shared_apps.kernel.errors import DomainError

from .sections import Section, rail


def page(
    request: HttpRequest,
    template: str,
    section: Section,
    context: Mapping[str, Any],
    *,
    status: int = 200,
) -> HttpResponse:
    operator = distributor_of(request).is_operator
    framed = {
        "rail": rail(request, section),
        "section": section,
        "jump_url": reverse("office:jump"),
        "office_label": _("平台运营") if operator else _("分销商后台"),
        "in_drawer": into_drawer(request),
        **context,
    }
    if framed["in_drawer"]:
        framed["base"] = "backoffice/_part.html"
    else:
        framed["base"] = "layouts/backoffice.html"
    return render(request, template, framed, status=status)


def into_drawer(request: HttpRequest) -> bool:
    return request.headers.get("HX-Target", "").startswith("drawer")


def told(form: forms.BaseForm, error: DomainError) -> None:
    """Puts a refusal beside the field that it is about, or at the head of the form."""
    field = getattr(error, "field", "")
    form.add_error(field if field in form.fields else None, str(error))
