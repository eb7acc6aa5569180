"""The parties of payments, as the ledger names them."""

from __future__ import annotations

from billing.ledger.enums import PartyKind
from billing.ledger.parties import Party

from .models import MerchantAccount


def channel_party(account: MerchantAccount) -> Party:
    """A merchant account is a place where money lies: one sub-account of 其他货币资金 each."""
    return Party(
        PartyKind.CHANNEL, account.app_id, f"{account.get_provider_display()} {account.app_id}"
    )
