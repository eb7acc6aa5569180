from __future__ import annotations

from django.db import transaction

from billing.payments.models import MerchantAccount
from shared_apps.audit.services import record
from shared_apps.kernel import secrets


def connect_account(
    *, provider: str, app_id: str, seller_id: str, private_key: str, provider_public_key: str
) -> MerchantAccount:
    """Makes this the distributor's active account at the provider. The key is sealed before it is stored."""
    with transaction.atomic():
        MerchantAccount.objects.filter(provider=provider, is_active=True).exclude(
            app_id=app_id
        ).update(is_active=False)
        account, _ = MerchantAccount.objects.update_or_create(
            provider=provider,
            app_id=app_id,
            defaults={
                "seller_id": seller_id,
                "private_key_sealed": secrets.seal(private_key),
                "provider_public_key": provider_public_key,
                "is_active": True,
            },
        )
        record(
            "merchant_account.connect",
            obj=account,
            after={"provider": provider, "app_id": app_id, "seller_id": seller_id},
        )
    return account
