from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import pytest

from billing.ledger.days import start_of
from billing.payments.enums import RefundState
from billing.payments.gateways.base import (
    Bill,
    BillKind,
    BillLine,
    BillMissing,
    GatewayTrade,
    TradeState,
)
from billing.payments.models import MerchantAccount, Payment, PaymentIntent, Refund
from billing.payments.services import intents, refunds
from billing.payments.services.accounts import connect_account
from billing.reconciliation.models import ReconciledLine
from billing.reconciliation.services import runs
from shared_apps.distributors.models import Distributor
from shared_apps.kernel import ids, tenancy
from shared_apps.kernel.ids import new_id
from shared_apps.kernel.money import Money

DAY = date(2026, 11, 20)
NOON = start_of(DAY) + timedelta(hours=12)
NEXT = start_of(DAY) + timedelta(days=1, hours=10)  # bills are ready


@dataclass
class Provider:
    """What the provider would send, by day; a day that is not there has no bill."""

    bills: dict[date, list[BillLine]] = field(default_factory=dict)
    fault: Exception | None = None
    asked: int = 0

    def daily_bill(self, *, day: date) -> Bill:
        self.asked += 1
        if self.fault is not None:
            raise self.fault
        if day not in self.bills:
            raise BillMissing(day=day)
        lines = tuple(self.bills[day])
        return Bill(day, lines, repr(lines).encode())


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Provider:
    found = Provider()
    monkeypatch.setattr(runs, "gateway_for", lambda _account: found)
    return found


@pytest.fixture
def account(db: None, harbour: Distributor, provider: Provider) -> Iterator[MerchantAccount]:
    """Inside harbour, with an account at a provider whose bills the test writes."""
    with tenancy.enter(harbour.schema_name):
        yield an_account()


def an_account() -> MerchantAccount:
    return connect_account(
        provider="ALIPAY", app_id="2021000000000001", seller_id="2088", settings={}, secret={}
    )


def paid(account: MerchantAccount, amount: str, at: datetime = NOON) -> Payment:
    """Money that we know of, and that our books have."""
    intent = PaymentIntent.objects.create(
        number=ids.number("P", at),
        account=account,
        method="ALIPAY_PAGE",
        customer_id=new_id(),
        subject="余额充值",
        amount_minor=Money.of(amount).minor,
        expires_at=at + timedelta(minutes=30),
    )
    trade = GatewayTrade(
        number=intent.number,
        state=TradeState.PAID,
        amount=intent.amount,
        provider_trade_no=f"T{intent.number}",
        paid_at=at,
    )
    intents.succeed(number=intent.number, trade=trade, at=at)
    return Payment.objects.select_related("intent").get(intent=intent)


def given_back(payment: Payment, amount: str, at: datetime = NOON) -> Refund:
    refund = refunds.request(payment=payment, amount=Money.of(amount), reason="退款", at=at)
    assert refunds._succeed(refund.number, at) == RefundState.SUCCEEDED
    return Refund.objects.get(pk=refund.pk)


def said(
    payment: Payment, amount: str | None = None, *, fee: str = "0", at: datetime | None = None
) -> BillLine:
    """The provider's line about a payment, right unless told otherwise."""
    return BillLine(
        kind=BillKind.PAYMENT,
        number=payment.intent.number,
        request_no="",
        provider_trade_no=payment.provider_trade_no,
        amount=Money.of(amount) if amount else Money(payment.amount_minor),
        fee=Money.of(fee),
        at=at or payment.paid_at,
    )


def said_back(refund: Refund, amount: str | None = None, *, fee: str = "0") -> BillLine:
    return BillLine(
        kind=BillKind.REFUND,
        number=refund.payment.intent.number,
        request_no=refund.number,
        provider_trade_no=refund.payment.provider_trade_no,
        amount=Money.of(amount) if amount else Money(refund.amount_minor),
        fee=Money.of(fee),
        at=refund.finished_at or NOON,
    )


def stranger(amount: str, number: str = "P-STRANGER", *, refund: bool = False) -> BillLine:
    return BillLine(
        kind=BillKind.REFUND if refund else BillKind.PAYMENT,
        number=number,
        request_no=f"R-{number}" if refund else "",
        provider_trade_no=f"T-{number}",
        amount=Money.of(amount),
        fee=Money.of("0"),
        at=NOON,
    )


def differences() -> list[tuple[str, str, str, str]]:
    """(kind, result, gap, treatment) of everything that is not simply equal."""
    found = ReconciledLine.objects.exclude(result="MATCHED").order_by("id")
    return [(line.kind, line.result, str(line.gap), line.treatment) for line in found]
