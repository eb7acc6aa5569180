"""What a customer has, and what happened to it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from billing.ledger import queries as books
from billing.ledger.enums import PartyKind, Side
from billing.ledger.errors import UnmatchedEvent
from billing.ledger.models import PostingRule
from billing.ledger.parties import Party
from billing.ledger.queries import PartyStatement
from shared_apps.kernel.money import Money

from .models import Hold


@dataclass(frozen=True, slots=True)
class CustomerBalance:
    """`available` can be spent; `held` is set aside for orders being opened and refunds under way."""

    available: Money
    held: Money


def balance_accounts() -> tuple[str, str]:
    """The accounts that a distributor's own rule for holding uses: where money is free, and where held."""
    rule = PostingRule.objects.filter(event="hold", active=True).order_by("position").first()
    sides = {line["side"]: line["account"] for line in rule.lines} if rule else {}
    try:
        return sides[Side.DEBIT], sides[Side.CREDIT]
    except KeyError as missing:
        raise UnmatchedEvent(event="hold") from missing


def balance_of(*, customer_id: UUID) -> CustomerBalance:
    """A customer's money now. Three queries."""
    available, held = books.party_holdings(
        accounts=balance_accounts(), party=Party(PartyKind.CUSTOMER, str(customer_id))
    )
    return CustomerBalance(available, held)


def statement_of(
    *,
    customer_id: UUID,
    since: datetime | None = None,
    until: datetime | None = None,
    page: int = 1,
    per_page: int = 50,
) -> PartyStatement:
    """A customer's statement, newest first; amounts are (available, held). Three queries."""
    return books.party_statement(
        accounts=balance_accounts(),
        party=Party(PartyKind.CUSTOMER, str(customer_id)),
        since=since,
        until=until,
        page=page,
        per_page=per_page,
    )


def holds(*, subject_ids: Collection[UUID]) -> dict[UUID, Hold]:
    """What was set aside for order lines or refunds, by what it is for. One query."""
    return {hold.subject_id: hold for hold in Hold.objects.filter(subject_id__in=subject_ids)}
