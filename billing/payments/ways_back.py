"""How paid money would go back to where it came from: reckoned from lots and payments, moving nothing."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from billing.balances.enums import LotKind
from billing.balances.models import Lot
from shared_apps.kernel.money import Money

from .enums import RefundState
from .models import Payment, Refund


@dataclass(frozen=True, slots=True)
class Plan:
    """How an amount would go back: to each payment, and by bank."""

    pieces: list[tuple[Payment, Money]]
    by_bank: Money
    paid: Money  # all that could be withdrawn

    @property
    def online(self) -> Money:
        return Money(sum(money.minor for _, money in self.pieces))


def plan(*, customer_id: UUID, amount: Money | None = None) -> Plan:
    """The way back for an amount, or for all that was paid and is left. Two queries; locks nothing."""
    lots = Lot.objects.filter(customer_id=customer_id, kind=LotKind.PAID, left_minor__gt=0)
    left = {lot.origin_id: lot.left_minor for lot in lots}
    paid = sum(left.values())
    rest = paid if amount is None else amount.minor
    pieces = []
    refused = Refund.objects.filter(state=RefundState.FAILED).values("payment")
    online = Payment.objects.filter(public_id__in=left).exclude(pk__in=refused)
    for payment in online.order_by("-id"):
        refundable = payment.amount_minor - payment.refunded_minor
        piece = min(left[payment.public_id], refundable, rest)
        if piece > 0:
            pieces.append((payment, Money(piece, payment.currency)))
            rest -= piece
    return Plan(pieces, Money(rest), Money(paid))
