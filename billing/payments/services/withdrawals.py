"""A customer takes paid money out: to the payments that it came from, and what cannot go there to a bank.

The order: online payments, newest first, each up to what is left of its own money and can be refunded;
the rest by bank, after a second person's check: so does what a provider once refused to take back.
All is held from the start.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from billing.balances.enums import LotKind
from billing.balances.errors import BankAccountNeeded, NotWithdrawable
from billing.balances.locking import lock_balance
from billing.balances.models import BankPayout, Lot
from billing.balances.services import payouts
from billing.balances.services.payouts import BankAccount
from billing.ledger.parties import Party
from billing.payments.models import Payment, Refund
from billing.payments.ways_back import plan
from shared_apps.audit.services import record
from shared_apps.identity.models import User
from shared_apps.kernel.money import Money

from . import refunds

REASON = "客户提现"


def request(
    *, customer: Party, amount: Money, bank: BankAccount | None, by: User, at: datetime
) -> tuple[list[Refund], BankPayout | None]:
    """Holds the amount and sends it on its ways, all or nothing; gifted money is never paid out.

    Locks the payments, then the balance. What a provider or finance refuses stays in the balance.
    """
    customer_id = UUID(customer.id)
    with transaction.atomic():
        first = plan(customer_id=customer_id)
        known = [payment.pk for payment, _ in first.pieces]
        list(Payment.objects.select_for_update().filter(pk__in=known).order_by("pk"))
        lock_balance(customer_id)
        way = plan(customer_id=customer_id, amount=amount)
        if not 0 < amount.minor <= way.paid.minor:
            raise NotWithdrawable(paid=way.paid)
        if way.by_bank and bank is None:
            raise BankAccountNeeded(field="account_number", amount=way.by_bank)
        sent = [
            refunds.request(payment=payment, amount=piece, reason=REASON, at=at)
            for payment, piece in way.pieces
        ]
        payout = None
        if way.by_bank and bank is not None:
            payout = payouts.request(
                customer=customer,
                amount=way.by_bank,
                to=bank,
                by=by,
                at=at,
                first=_not_online(customer_id),
            )
        record(
            "withdrawal.request",
            after={
                "customer": customer.id,
                "amount": str(amount),
                "refunds": [refund.number for refund in sent],
                "bank_payout": payout.number if payout else None,
            },
        )
    return sent, payout


def _not_online(customer_id: UUID) -> list[UUID]:
    """The origins of paid money that no payment brought: it goes by bank before any other."""
    origins = Lot.objects.filter(
        customer_id=customer_id, kind=LotKind.PAID, left_minor__gt=0
    ).values_list("origin_id", flat=True)
    online = set(Payment.objects.filter(public_id__in=origins).values_list("public_id", flat=True))
    return [origin for origin in origins if origin not in online]
