"""Which ways to pay a shop offers: those of its active merchant accounts."""

from __future__ import annotations

from .enums import Method, Provider
from .models import MerchantAccount

# A person at a desk scans with the phone or pays on the provider's page; one on the phone cannot scan it.
_AT_A_DESK = {
    Provider.ALIPAY: (Method.ALIPAY_PAGE, Method.ALIPAY_QR),
    Provider.WECHAT: (Method.WECHAT_NATIVE,),
    Provider.STRIPE: (Method.STRIPE_CHECKOUT,),
}
_ON_A_PHONE = {
    Provider.ALIPAY: (Method.ALIPAY_WAP,),
    Provider.WECHAT: (Method.WECHAT_H5,),
    Provider.STRIPE: (Method.STRIPE_CHECKOUT,),
}


def methods(*, on_phone: bool) -> list[Method]:
    """In the order in which they are offered. One query."""
    table = _ON_A_PHONE if on_phone else _AT_A_DESK
    active = set(MerchantAccount.objects.filter(is_active=True).values_list("provider", flat=True))
    return [method for provider in Provider if provider in active for method in table[provider]]
