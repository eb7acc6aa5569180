"""The ways to pay as a customer sees them, each with its words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import segno
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy as _

from billing.payments import ways
from billing.payments.enums import PROVIDER_OF, Method, Provider
from billing.payments.models import PaymentIntent

_PHONE = re.compile(r"Android|iPhone|iPod|Mobile|HarmonyOS", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Way:
    """One way to pay at a provider. `does`: what its button or its code asks for."""

    value: str
    label: str | Promise
    note: str | Promise
    icon: str
    does: str | Promise


_WAYS = {
    way.value: way
    for way in (
        Way(
            Method.ALIPAY_PAGE,
            _("支付宝网页支付"),
            _("跳转到支付宝收银台"),
            "brand-alipay",
            _("去支付宝付款"),
        ),
        Way(
            Method.ALIPAY_QR,
            _("支付宝扫码"),
            _("本页出示二维码，用手机扫一扫"),
            "qrcode",
            _("请用支付宝扫一扫付款"),
        ),
        Way(
            Method.ALIPAY_WAP,
            _("支付宝"),
            _("打开支付宝付款"),
            "brand-alipay",
            _("去支付宝付款"),
        ),
        Way(
            Method.WECHAT_NATIVE,
            _("微信扫码"),
            _("本页出示二维码，用微信扫一扫"),
            "qrcode",
            _("请用微信扫一扫付款"),
        ),
        Way(
            Method.WECHAT_H5,
            _("微信支付"),
            _("打开微信付款"),
            "device-mobile",
            _("去微信付款"),
        ),
        Way(
            Method.STRIPE_CHECKOUT,
            _("银行卡"),
            _("跳转到 Stripe 收银台，卡号不经过本站"),
            "credit-card",
            _("去 Stripe 付款"),
        ),
    )
}


def offered(request: HttpRequest) -> list[Way]:
    """What the shop offers to this browser: on a phone nothing that would have to be scanned."""
    on_phone = bool(_PHONE.search(request.headers.get("User-Agent", "")))
    return [_WAYS[method] for method in ways.methods(on_phone=on_phone)]


def provider_name(method: str) -> str:
    return str(Provider(PROVIDER_OF[Method(method)]).label)


def how(intent: PaymentIntent | None) -> dict[str, Any]:
    """How the pay page shows a payment that was begun: a code to scan, or a button to the provider."""
    if intent is None:
        return {}
    way = _WAYS[intent.method]
    return {
        "does": way.does,
        "icon": way.icon,
        "qr": qr_svg(intent.qr_content) if intent.qr_content else "",
        "cashier_url": intent.redirect_url,
    }


def qr_svg(content: str) -> str:
    """A QR code as an inline drawing: nothing is fetched, and the text leaves this page only by eye."""
    drawing = segno.make(content, error="m").svg_inline(omitsize=True, border=0)
    return mark_safe(drawing)  # noqa: S308  a drawing of squares; the text is not in it
