"""Where a payment provider tells us what happened. Anyone can call it; only a signature is believed."""

from __future__ import annotations

from urllib.parse import parse_qs

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from shared_apps.identity.access import Anyone, access
from shared_apps.kernel import clock

from .enums import Provider
from .gateways import alipay_notices, stripe_notices, wechat_notices
from .services import notifications

_LARGEST = {
    Provider.WECHAT: wechat_notices.LARGEST_NOTICE,
    Provider.STRIPE: stripe_notices.LARGEST_NOTICE,
}


@access(Anyone)
@csrf_exempt
@require_POST
def alipay_notify(request: HttpRequest) -> HttpResponse:
    """Answers in plain text, as Alipay wants it: anything but its word of thanks is sent again."""
    if _length(request) > alipay_notices.LARGEST_NOTICE:
        return _too_large()
    claimed = parse_qs(request.body.decode("ascii", "replace")).get("app_id", [""])[0]
    return _answer(request, Provider.ALIPAY, claimed)


@access(Anyone)
@csrf_exempt
@require_POST
def notify(request: HttpRequest, provider: Provider, app_id: str) -> HttpResponse:
    """For providers whose word does not say in clear for whom it is: the address does."""
    if _length(request) > _LARGEST[provider]:
        return _too_large()
    return _answer(request, provider, app_id)


def _length(request: HttpRequest) -> int:
    return int(request.headers.get("Content-Length") or 0)


def _too_large() -> HttpResponse:
    return HttpResponse("failure", status=413, content_type="text/plain; charset=utf-8")


def _answer(request: HttpRequest, provider: Provider, claimed_app_id: str) -> HttpResponse:
    answer = notifications.receive(
        provider=provider,
        claimed_app_id=claimed_app_id.replace("\0", "")[:64],
        body=request.body,
        headers=dict(request.headers),
        at=clock.now(),
    )
    reply = answer.reply
    return HttpResponse(reply.text, status=reply.status, content_type=reply.content_type)
