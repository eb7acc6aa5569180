"""From a merchant account's row to the gateway that speaks for it."""

from __future__ import annotations

import json

from django.conf import settings
from django.utils.module_loading import import_string

from shared_apps.kernel import secrets

from .errors import NoMerchantAccount
from .gateways.alipay import AlipayAccount, AlipayGateway
from .gateways.base import Gateway
from .models import MerchantAccount


def active_account(provider: str) -> MerchantAccount:
    account = MerchantAccount.objects.filter(provider=provider, is_active=True).first()
    if account is None:
        raise NoMerchantAccount
    return account


def gateway_for(account: MerchantAccount) -> Gateway:
    """Opens the sealed key; keep the result no longer than one piece of work."""
    build = import_string(import_string(settings.PAYMENT_GATEWAYS)[account.provider])
    gateway: Gateway = build(account)
    return gateway


def opened(account: MerchantAccount) -> dict[str, str]:
    """The account's secrets, unsealed: for a gateway that is built now, never for an answer or a log."""
    found: dict[str, str] = json.loads(secrets.unseal(account.secrets_sealed))
    return found


def alipay(account: MerchantAccount) -> Gateway:
    return AlipayGateway(
        AlipayAccount(
            app_id=account.app_id,
            seller_id=account.seller_id,
            private_key=opened(account)["private_key"],
            alipay_public_key=account.settings["provider_public_key"],
            gateway_url=settings.ALIPAY_GATEWAY_URL,
        )
    )
