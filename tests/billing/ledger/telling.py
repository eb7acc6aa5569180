"""What the tests tell the ledger: a customer, a channel, two partners, and what they do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import connection

from billing.ledger import queries
from billing.ledger.enums import PartyKind
from billing.ledger.events import Event
from billing.ledger.models import Balance, Entry, Posting
from billing.ledger.parties import Party
from shared_apps.kernel.money import Money

AT = datetime(2026, 3, 10, 4, 0, tzinfo=UTC)
CUSTOMER = Party(PartyKind.CUSTOMER, "c-1", "演示客户")
NEIGHBOUR = Party(PartyKind.CUSTOMER, "c-2", "另一客户")
CHANNEL = Party(PartyKind.CHANNEL, "alipay-1", "支付宝")
PARENT = Party(PartyKind.DISTRIBUTOR, "d-parent", "上级")
CHILD = Party(PartyKind.DISTRIBUTOR, "d-child", "下级")
SUPPLIER = Party(PartyKind.SUPPLIER, "s-1", "供应商")

AVAILABLE, HELD = "220301", "220302"


def event(
    kind: str, amount: str | Money, source: str, *, customer: Party = CUSTOMER, minutes: int = 0
) -> Event:
    money = amount if isinstance(amount, Money) else Money.of(amount)
    return Event(
        event=kind,
        source=source,
        effective_at=AT + timedelta(minutes=minutes),
        parties={"customer": customer, "channel": CHANNEL, "creditor": PARENT, "debtor": CHILD},
        amounts={"amount": money},
    )


def available(customer: Party = CUSTOMER) -> Money:
    return queries.balance(account=AVAILABLE, party=customer)


def held(customer: Party = CUSTOMER) -> Money:
    return queries.balance(account=HELD, party=customer)


def written() -> tuple[int, int, list[tuple[str, int, int]]]:
    """How much stands in the books: a refused write must leave this as it was."""
    kept = Balance.objects.order_by("account__code").values_list(
        "account__code", "debit_minor", "credit_minor"
    )
    moved = [row for row in kept if row[1] or row[2]]
    return Entry.objects.count(), Posting.objects.count(), moved


def judge() -> None:
    """Lets the deferred constraints judge now what they would judge at commit."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
