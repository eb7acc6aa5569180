"""What needs somebody now, and the few figures of the month. Each part only for those whom it concerns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from billing.ledger.queries import trial_balance
from billing.ledger.queries.rules import due_under, owed_under
from billing.ledger.queries.trial import TrialBalance
from billing.payments import records as payments
from billing.payments.records import InFlight
from billing.settlement import queries as settlement
from billing.settlement.queries import InTransit
from shared_apps.distributors.models import Distributor
from shared_apps.identity.models import User
from shared_apps.kernel.money import Money, total
from tenant_apps.backoffice.months import Month
from tenant_apps.customers import queries as customers
from tenant_apps.fulfilment import queries as fulfilment
from tenant_apps.orders import queries as orders
from tenant_apps.orders.queries import Attention, Sold

SLOW = timedelta(minutes=10)  # an opening that takes longer is looked at
LATELY = timedelta(days=7)
IN_TRANSIT_FOR = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Trade:
    attention: Attention
    sold: Sold
    running: int
    customers: int


@dataclass(frozen=True, slots=True)
class Books:
    refunds: InFlight
    failed_refunds: int
    refused_notices: int
    in_transit: InTransit
    income: Money
    cost: Money
    payable: Money
    receivable: Money

    @property
    def margin(self) -> Money:
        return self.income - self.cost


def trade(*, user: User, at: datetime) -> Trade:
    """Orders and resources of the customers whom this person may see. Four queries."""
    month = Month.of(at)
    return Trade(
        attention=orders.attention(user=user, slow_before=at - SLOW, failed_since=at - LATELY),
        sold=orders.sold(user=user, since=month.starts_at, until=month.ends_at),
        running=fulfilment.running(user=user),
        customers=customers.visible_to(user).count(),
    )


def books(*, me: Distributor, at: datetime) -> Books:
    month = trial_balance(period=Month.of(at).period)
    return Books(
        refunds=payments.refunds_in_flight(),
        failed_refunds=payments.failed_refunds(since=at - LATELY),
        refused_notices=payments.refused_events(since=at - LATELY),
        in_transit=settlement.in_transit(me=me),
        income=_moved(month, "6001"),
        cost=-_moved(month, "6401"),
        payable=-total(_closing(month, code) for code in owed_under()),
        receivable=total(_closing(month, code) for code in due_under()),
    )


def _moved(trial: TrialBalance, code: str) -> Money:
    """Credits less debits of the month."""
    return next((row.credit - row.debit for row in trial.rows if row.code == code), Money.zero())


def _closing(trial: TrialBalance, code: str) -> Money:
    """Debits less credits until the end of the month."""
    return next((row.closing for row in trial.rows if row.code == code), Money.zero())
