from __future__ import annotations

import json
from collections.abc import Mapping

from django.db import transaction

from billing.payments.models import MerchantAccount
from shared_apps.audit.services import record
from shared_apps.kernel import secrets


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
