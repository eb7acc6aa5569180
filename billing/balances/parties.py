"""The parties of balances, as the ledger names them."""

from __future__ import annotations

from uuid import UUID

from billing.ledger.enums import PartyKind
from billing.ledger.parties import Party


def customer_party(customer_id: UUID) -> Party:
    """A customer as the books know them; their account keeps the name that it was opened with."""
    return Party(PartyKind.CUSTOMER, str(customer_id))
