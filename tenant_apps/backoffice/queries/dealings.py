from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from billing.ledger.queries import party_balances
from billing.ledger.queries.rules import due_under, owed_under
from billing.settlement import queries as settlement
from billing.settlement.models import Booking, Obligation
from billing.settlement.queries import CounterpartyTotal
from shared_apps.distributors.models import Distributor
from shared_apps.kernel.money import Money
from tenant_apps.orders import queries as orders
from tenant_apps.orders.models import Order


@dataclass(frozen=True, slots=True)
class Dealing:
    """A counterparty in a period, and what the books say of it now."""

    total: CounterpartyTotal
    booked: Money
    account_code: str

    @property
    def net(self) -> Money:
        return self.total.amount - self.total.refunded


def dealings(
    *, me: Distributor, payable: bool, starts_at: datetime, ends_at: datetime
) -> list[Dealing]:
    """The accounts are those that the shop's own rules and mappings name; where a party stands in more
    than one, the sum, and the one named last that has anything in it.
    """
    controls = owed_under() if payable else due_under()
    booked: dict[str, Money] = {}
    codes: dict[str, str] = {}
    for control in controls:
        for row in party_balances(account=control, include_settled=True):
            booked[row.id] = booked.get(row.id, Money.zero()) + row.balance
            if row.balance or row.id not in codes:
                codes[row.id] = f"{control}.{row.kind.lower()}.{row.id}"
    found = []
    for total in settlement.totals(me=me, payable=payable, starts_at=starts_at, ends_at=ends_at):
        party = str(total.public_id)
        found.append(
            Dealing(
                total=total,
                booked=booked.get(party, Money.zero()),
                account_code=codes.get(party, controls[0] if controls else ""),
            )
        )
    return found


@dataclass(frozen=True, slots=True)
class ObligationFile:
    obligation: Obligation
    payable: bool
    counterparty: str
    booking: Booking | None
    order: Order | None

    @property
    def amount(self) -> Money:
        return Money(self.obligation.amount_minor, self.obligation.currency)


def obligation_file(*, public_id: UUID, me: Distributor) -> ObligationFile:
    """One obligation with our own booking of it, and our order if the sale was ours."""
    one = settlement.obligation(public_id=public_id, me=me)
    payable = one.debtor_id == me.pk
    creditor = one.creditor.name if one.creditor else str(one.supplier)
    bookings = getattr(one, "own_bookings", [])
    return ObligationFile(
        obligation=one,
        payable=payable,
        counterparty=creditor if payable else one.debtor.name,
        booking=bookings[0] if bookings else None,
        order=orders.orders_of_lines(line_ids=[one.trace_id]).get(one.trace_id),
    )
