"""From a merchant account's row to the gateway that speaks for it."""

from __future__ import annotations

import hashlib
import json

from django.conf import settings
from django.urls import reverse
from django.utils.module_loading import import_string

from shared_apps.kernel import secrets

from .enums import Provider
from .errors import NoMerchantAccount
from .gateways.alipay import AlipayGateway
from .gateways.alipay_notices import AlipayAccount
from .gateways.base import Gateway
from .gateways.stripe_gateway import StripeGateway
from .gateways.stripe_notices import StripeAccount
from .gateways.wechat import WechatGateway
from .gateways.wechat_notices import WechatAccount
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


def notify_path(account: MerchantAccount) -> str:
    """Where on this site the account's provider tells us what happened.

    Alipay's word names its app in clear; the others' do not, so that their address does.
    """
    if account.provider == Provider.ALIPAY:
        return reverse("payments:alipay_notify")
    return reverse(f"payments:{account.provider.lower()}_notify", args=[account.app_id])


def opened(account: MerchantAccount) -> dict[str, str]:
    """The account's secrets, unsealed: for a gateway that is built now, never for an answer or a log."""
    found: dict[str, str] = json.loads(secrets.unseal(account.secrets_sealed))
    return found


def fingerprints(account: MerchantAccount) -> dict[str, str]:
    """By which people tell one secret from another without seeing any."""
    return {
        name: hashlib.sha256(value.strip().encode()).hexdigest()[:16]
        for name, value in opened(account).items()
    }


def alipay(account: MerchantAccount) -> Gateway:
    """settings: provider_public_key. secret: private_key."""
    return AlipayGateway(
        AlipayAccount(
            app_id=account.app_id,
            seller_id=account.seller_id,
            private_key=opened(account)["private_key"],
            alipay_public_key=account.settings["provider_public_key"],
            gateway_url=settings.ALIPAY_GATEWAY_URL,
        )
    )


def wechat(account: MerchantAccount) -> Gateway:
    """settings: serial_no, public_key_id, public_key. secret: private_key, api_v3_key."""
    secret = opened(account)
    return WechatGateway(
        WechatAccount(
            appid=account.app_id,
            mchid=account.seller_id,
            serial_no=account.settings["serial_no"],
            private_key=secret["private_key"],
            api_v3_key=secret["api_v3_key"],
            public_key=account.settings["public_key"],
            public_key_id=account.settings["public_key_id"],
            gateway_url=settings.WECHAT_GATEWAY_URL,
        )
    )


def stripe(account: MerchantAccount) -> Gateway:
    """settings: none. secret: secret_key, webhook_secret."""
    secret = opened(account)
    return StripeGateway(
        StripeAccount(
            account=account.app_id,
            secret_key=secret["secret_key"],
            webhook_secret=secret["webhook_secret"],
            api_url=settings.STRIPE_API_URL,
        )
    )
