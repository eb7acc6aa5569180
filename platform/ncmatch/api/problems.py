"""Every refusal of the API as RFC 9457 problem details, from whichever layer it comes.

`code` is stable and for programs, `detail` is a sentence for people in their language, `errors` names
the fields that are wrong, and an error may add members of its own (`DomainError.members`).
"""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from shared_apps.kernel.errors import DomainError, Forbidden, NotFound

MEDIA_TYPE = "application/problem+json"

_TITLES: dict[int, str | Promise] = {
    400: _("请求无法识别"),
    401: _("需要登录"),
    403: _("没有权限"),
    404: _("没有找到"),
    405: _("不支持这种请求方法"),
    406: _("没有可接受的内容格式"),
    409: _("与当前状态冲突"),
    413: _("内容过大"),
    415: _("不支持这种内容格式"),
    422: _("内容有误"),
    429: _("请求过于频繁"),
    502: _("外部服务异常"),
    503: _("暂时无法服务"),
}


def handle(exc: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's EXCEPTION_HANDLER. None, so a server error, for what nobody foresaw."""
    if isinstance(exc, Http404):
        exc = NotFound()
    elif isinstance(exc, PermissionDenied):
        exc = Forbidden()
    headers: dict[str, str] = {}
    members: dict[str, str] = {}
    errors: list[dict[str, str]] = []
    if isinstance(exc, DomainError):
        status, code, detail = exc.status, exc.code, str(exc)
        members = {name: str(exc.attributes[name]) for name in exc.members}
        if field := str(exc.attributes.get("field") or ""):
            errors = [{"field": field, "code": code, "detail": detail}]
        if wait := exc.attributes.get("retry_after"):
            headers["Retry-After"] = str(wait)
    elif isinstance(exc, exceptions.ValidationError):
        status, code = HTTPStatus.UNPROCESSABLE_ENTITY.value, "invalid"
        detail = str(_("填写的内容有误，请检查后再提交。"))
        errors = list(_fields(exc.detail))
    elif isinstance(exc, exceptions.APIException):
        status, code, detail = exc.status_code, _code(exc), str(exc.detail)
        if challenge := getattr(exc, "auth_header", None):
            headers["WWW-Authenticate"] = challenge
        if wait := getattr(exc, "wait", None):
            headers["Retry-After"] = str(int(wait))
    else:
        return None
    set_rollback()
    problem: dict[str, Any] = {
        "type": f"urn:ncmatch:problem:{code}",
        "title": str(_TITLES.get(status) or HTTPStatus(status).phrase),
        "status": status,
        "detail": detail,
        "instance": context["request"].path if context.get("request") else "",
        "code": code,
        **members,
    }
    if errors:
        problem["errors"] = errors
    return Response(problem, status=status, headers=headers, content_type=MEDIA_TYPE)


def _code(exc: exceptions.APIException) -> str:
    codes = exc.get_codes()
    return codes if isinstance(codes, str) else exc.default_code


def _fields(detail: Any, path: str = "") -> Iterator[dict[str, str]]:
    """Flattens DRF's nested errors: `lines.0.quantity`; what belongs to no field has field ""."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            here = "" if name == "non_field_errors" else str(name)
            yield from _fields(inner, ".".join(part for part in (path, here) if part))
    elif isinstance(detail, list):
        for position, inner in enumerate(detail):
            nested = isinstance(inner, dict | list)
            yield from _fields(inner, f"{path}.{position}".strip(".") if nested else path)
    else:
        yield {"field": path, "code": getattr(detail, "code", "invalid"), "detail": str(detail)}
