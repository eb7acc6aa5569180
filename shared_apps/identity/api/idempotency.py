"""`Idempotency-Key`: a request that is sent again takes effect once.

The rule: **looking up the key, the effect and keeping the answer are one transaction.** There is no
moment between them at which a crash could lose the answer but keep the effect, or the other way: if
the process dies, the database undoes all three, and the same request starts from nothing. Hence:

- A view under `@idempotent` takes effect in the database alone, and without leaving its tenant; what
  must go outside goes through the outbox, which shares the transaction. (A service's own
  `atomic()` becomes a savepoint of it.)
- Only success is kept. A refusal is rolled back whole: it had no effect, so the same key may be
  tried again, and finds the world as it is then.
- While a request runs, a lock held by its transaction keeps the same key out: 409, try again. The
  lock ends with the transaction, also by a crash, so no key stays in flight for ever.
- Another request under a used key is a mistake: 422. Method, path with query, and body must agree.
- The key belongs to the person: two people's keys never meet, nor two shops'.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db import connection, transaction
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from shared_apps.identity.models import IdempotentRequest, User
from shared_apps.kernel import tenancy
from shared_apps.kernel.errors import Conflict, Invalid

from .people import person

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
_KEY = re.compile(r"[\x21-\x7e]{1,255}")

Handler = Callable[..., HttpResponse]


class KeyMissing(Invalid):
    code = "idempotency.key_missing"
    status = 400
    sentence = _("请求头 Idempotency-Key 必填：1 至 255 个可见的 ASCII 字符，每次新操作换一个。")


class KeyReused(Invalid):
    code = "idempotency.key_reused"
    sentence = _("这个 Idempotency-Key 已用于另一个请求，新的操作请换一个。")


class InFlight(Conflict):
    code = "idempotency.in_flight"
    sentence = _("相同的请求正在处理，请稍后再查询结果。")


def idempotent(handler: Handler) -> Handler:
    """For `post` of an API view: see the module for the rule that the view must keep."""

    @wraps(handler)
    def once(view: Any, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        user = person(request)
        key = request.headers.get(HEADER, "")
        if not _KEY.fullmatch(key):
            raise KeyMissing
        fingerprint = _fingerprint(request)
        with transaction.atomic():
            _hold(user, key)
            kept = IdempotentRequest.objects.filter(user=user, key=key).first()
            if kept is not None:
                if kept.fingerprint != fingerprint:
                    raise KeyReused
                return _again(kept)
            response = handler(view, request, *args, **kwargs)
            if response.status_code >= 400:
                transaction.set_rollback(True)
                return response
            IdempotentRequest.objects.create(
                user=user,
                key=key,
                fingerprint=fingerprint,
                status=response.status_code,
                body=_body(response),
            )
        return response

    described: Handler = extend_schema(
        parameters=[
            OpenApiParameter(
                HEADER,
                str,
                OpenApiParameter.HEADER,
                required=True,
                description=str(_("每次新操作一个；重发同一操作时不变，结果只生效一次。")),
            )
        ]
    )(once)
    return described


def _body(response: HttpResponse) -> str:
    """What will go out, to the letter; a response of DRF's is written later than here."""
    if isinstance(response, Response):
        written: bytes = JSONRenderer().render(response.data)
        return written.decode()
    return response.content.decode()


def _again(kept: IdempotentRequest) -> HttpResponse:
    response = HttpResponse(kept.body, status=kept.status, content_type="application/json")
    response[REPLAYED] = "true"
    return response


def _fingerprint(request: Request) -> str:
    asked = request._request
    text = f"{asked.method}\n{asked.get_full_path()}\n".encode() + request.body
    return hashlib.sha256(text).hexdigest()


def _hold(user: User, key: str) -> None:
    """Takes the key until the transaction ends; raises InFlight where somebody has it."""
    name = f"idempotency:{tenancy.require()}:{user.pk}:{key}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [name])
        (taken,) = cursor.fetchone()
    if not taken:
        raise InFlight(retry_after=1)
