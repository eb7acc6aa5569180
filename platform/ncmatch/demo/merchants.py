"""Each demo shop's own accounts at the sandbox's Alipay, WeChat Pay and Stripe."""

from __future__ import annotations

import secrets

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings

from billing.payments.accounts import notify_path
from billing.payments.enums import Provider
from billing.payments.models import MerchantAccount
from billing.payments.services.accounts import connect_account
from ncmatch import services
from shared_apps.distributors.models import Distributor

from . import outside
from .tree import Shop


def connect(distributor: Distributor, shop: Shop) -> None:
    """Stands inside the shop. What it has already stays."""
    known = set(MerchantAccount.objects.values_list("provider", flat=True))
    if Provider.ALIPAY not in known:
        _alipay(f"2026{distributor.pk:012d}", shop.name)
    if Provider.WECHAT not in known:
        _wechat(f"wx2026{distributor.pk:012d}", shop.name)
    if Provider.STRIPE not in known:
        _stripe(f"acct_2026{distributor.pk:012d}", shop)


def _alipay(app_id: str, name: str) -> None:
    private, public = _key_pair()
    answer = outside.call(
        "POST",
        "/admin/alipay/merchants",
        {"app_id": app_id, "merchant_public_key": public, "name": name},
    )
    connect_account(
        provider=Provider.ALIPAY,
        app_id=app_id,
        seller_id=str(answer["seller_id"]),
        settings={"provider_public_key": str(answer["alipay_public_key"])},
        secret={"private_key": private},
    )


def _wechat(appid: str, name: str) -> None:
    private, public = _key_pair()
    serial_no, api_v3_key = secrets.token_hex(20).upper(), secrets.token_hex(16)
    answer = outside.call(
        "POST",
        "/admin/wechat/merchants",
        {
            "appid": appid,
            "serial_no": serial_no,
            "merchant_public_key": public,
            "api_v3_key": api_v3_key,
            "name": name,
        },
    )
    connect_account(
        provider=Provider.WECHAT,
        app_id=appid,
        seller_id=str(answer["mchid"]),
        settings={
            "serial_no": serial_no,
            "public_key_id": str(answer["public_key_id"]),
            "public_key": str(answer["public_key"]),
        },
        secret={"private_key": private, "api_v3_key": api_v3_key},
    )


def _stripe(account: str, shop: Shop) -> None:
    """Stripe's endpoint is set once for the account, so that it must know where the shop stands."""
    home = f"http://{shop.slug}.{settings.EXCHANGE_HOST}:{services.web_port() or 80}"
    path = notify_path(MerchantAccount(provider=Provider.STRIPE, app_id=account))
    answer = outside.call(
        "POST",
        "/admin/stripe/accounts",
        {"account": account, "name": shop.name, "webhook_url": f"{home}{path}"},
    )
    connect_account(
        provider=Provider.STRIPE,
        app_id=account,
        seller_id=account,
        settings={},
        secret={
            "secret_key": str(answer["secret_key"]),
            "webhook_secret": str(answer["webhook_secret"]),
        },
    )


def _key_pair() -> tuple[str, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), public.decode()
