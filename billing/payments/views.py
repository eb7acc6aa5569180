"""Where a payment provider tells us what happened. Anyone can call it; only a signature is believed."""

from __future__ import annotations

from urllib.parse import parse_qs

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from shared_apps.identity.access import Anyone, access
from shared_apps.kernel import clock

from .enums import Provider
from .gateways.alipay_notices import LARGEST_NOTICE
from .services import notifications


@access(Anyone)
@csrf_exempt
@require_POST
def alipay_notify(request: HttpRequest) -> HttpResponse:
    """Answers in plain text, as Alipay wants it: anything but its word of thanks is sent again."""
    if int(request.headers.get("Content-Length") or 0) > LARGEST_NOTICE:
        return HttpResponse("failure", status=413, content_type="text/plain; charset=utf-8")
    body = request.body
    claimed = parse_qs(body.decode("ascii", "replace")).get("app_id", [""])[0]
    answer = notifications.receive(
        provider=Provider.ALIPAY,
        claimed_app_id=claimed.replace("\0", "")[:64],
        body=body,
        headers=dict(request.headers),
        at=clock.now(),
    )
    reply = answer.reply
    return HttpResponse(reply.text, status=reply.status, content_type=reply.content_type)
