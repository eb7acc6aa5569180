"""What a customer has, what happened to it, and what was tried to be paid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from billing.ledger import queries as books
from billing.ledger.enums import PartyKind, Side
from billing.ledger.errors import UnmatchedEvent
from billing.ledger.models import PostingRule
from billing.ledger.parties import Party
from billing.ledger.queries import PartyStatement
from shared_apps.kernel.money import Money

from .models import PaymentIntent


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


def intents_of_order(*, order_id: UUID) -> QuerySet[PaymentIntent]:
    """Every try to pay an order at a provider, newest first, with the payment that came of it."""
    return PaymentIntent.objects.filter(order_id=order_id).select_related("payment").order_by("-id")


def recharge_of(
    *, customer_id: UUID, public_id: UUID | None = None, number: str = ""
) -> PaymentIntent | None:
    """One recharge of a customer, by its id or by the number that the provider knows it by."""
    wanted = Q(public_id=public_id) if public_id else Q(number=number)
    return (
        PaymentIntent.objects.filter(wanted, customer_id=customer_id, order_id=None)
        .select_related("payment")
        .first()
    )
