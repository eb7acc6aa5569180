"""The one table of the payment providers that are played here."""

from __future__ import annotations

from collections.abc import Mapping

from .alipay.notices import SIDE as ALIPAY
from .courier import Side
from .stripe.notices import SIDE as STRIPE
from .wechat.notices import SIDE as WECHAT

SIDES: Mapping[str, Side] = {"alipay": ALIPAY, "wechat": WECHAT, "stripe": STRIPE}
