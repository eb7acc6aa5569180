from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction

from billing.payments.accounts import gateway_for, opened
from billing.payments.errors import AccountNotFound, AccountNotProved
from billing.payments.models import MerchantAccount
from shared_apps.audit.services import record
from shared_apps.kernel import ids, secrets
from shared_apps.kernel.errors import ProviderError


def connect_account(
    *,
    provider: str,
    app_id: str,
    seller_id: str,
    settings: Mapping[str, str],
    secret: Mapping[str, str],
) -> MerchantAccount:
    """Makes this the distributor's active account at the provider.

    `secret` is sealed before it is stored. Which keys are needed: `billing.payments.accounts`.
    """
    with transaction.atomic():
        MerchantAccount.objects.filter(provider=provider, is_active=True).exclude(
            app_id=app_id
        ).update(is_active=False)
        account, _ = MerchantAccount.objects.update_or_create(
            provider=provider,
            app_id=app_id,
            defaults={
                "seller_id": seller_id,
                "settings": dict(settings),
                "secrets_sealed": secrets.seal(json.dumps(dict(secret))),
                "is_active": True,
            },
        )
        record(
            "merchant_account.connect",
            obj=account,
            after={"provider": provider, "app_id": app_id, "seller_id": seller_id},
        )
    return account


def prove_and_connect(
    *,
    provider: str,
    app_id: str,
    seller_id: str,
    settings: Mapping[str, str],
    secret: Mapping[str, str],
    at: datetime,
) -> MerchantAccount:
    """As `connect_account`, after the provider has answered a question that was signed with these keys.

    Raises AccountNotProved, and nothing is stored.
    """
    candidate = MerchantAccount(
        provider=provider,
        app_id=app_id,
        seller_id=seller_id,
        settings=dict(settings),
        secrets_sealed=secrets.seal(json.dumps(dict(secret))),
    )
    _prove(candidate, at)
    return connect_account(
        provider=provider, app_id=app_id, seller_id=seller_id, settings=settings, secret=secret
    )


def set_active(*, public_id: UUID, active: bool, at: datetime) -> MerchantAccount:
    """Offers an account, once it is proved again, or no longer; its payments under way are seen through.

    The one account of the provider that was offered before is offered no longer.
    """
    account = MerchantAccount.objects.filter(public_id=public_id).first()
    if account is None:
        raise AccountNotFound
    if active:
        _prove(account, at)
    with transaction.atomic():
        alike = MerchantAccount.objects.select_for_update().filter(provider=account.provider)
        account = {row.pk: row for row in alike.order_by("pk")}[account.pk]
        before = account.is_active
        if before == active:
            return account
        if active:
            alike.exclude(pk=account.pk).update(is_active=False)
        account.is_active = active
        account.save(update_fields=["is_active"])
        record(
            "merchant_account.set_active",
            obj=account,
            before={"is_active": before},
            after={"is_active": active, "provider": account.provider, "app_id": account.app_id},
        )
    return account


def _prove(account: MerchantAccount, at: datetime) -> None:
    """Asks the provider about a payment that nobody ever made: only right keys learn that it is not there."""
    try:
        gateway_for(account).query(number=ids.number("T", at))
    except ProviderError as refused:
        detail = refused.detail
        for value in opened(account).values():
            detail = detail.replace(value, "…")
        raise AccountNotProved(detail=detail[:200]) from None
    except ValueError:
        raise AccountNotProved(detail="密钥的格式不正确。") from None
