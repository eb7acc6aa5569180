"""Alipay's own bill, fetched from its sandbox, right and wrong in each way that it knows."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from billing.ledger.days import day_of
from billing.ledger.queries import balance
from billing.payments.accounts import gateway_for
from billing.payments.enums import Method
from billing.payments.models import MerchantAccount, PaymentIntent
from billing.payments.services import intents, refunds
from billing.payments.services.accounts import connect_account
from billing.reconciliation import services
from billing.reconciliation.models import ReconciledDay, ReconciledLine
from shared_apps.distributors.models import Distributor
from shared_apps.kernel import clock
from shared_apps.kernel.ids import new_id, number
from shared_apps.kernel.money import Money
from tests.conftest import Inside
from tests.sandbox_process import Sandbox

AMOUNT = Money.of("200.00")


def an_account(sandbox: Sandbox, settings: Any) -> MerchantAccount:
    merchant = sandbox.register_merchant()
    settings.ALIPAY_GATEWAY_URL = merchant.gateway_url
    return connect_account(
        provider="ALIPAY",
        app_id=merchant.app_id,
        seller_id=merchant.seller_id,
        settings={"provider_public_key": merchant.alipay_public_key},
        secret={"private_key": merchant.private_key},
    )


def bought(account: MerchantAccount, sandbox: Sandbox) -> PaymentIntent:
    """Paid there, asked after, and in our books."""
    at = clock.now()
    gateway = gateway_for(account)
    intent = PaymentIntent.objects.create(
        number=number("P", at),
        account=account,
        method=Method.ALIPAY_PAGE,
        customer_id=new_id(),
        subject="余额充值",
        amount_minor=AMOUNT.minor,
        expires_at=at + timedelta(minutes=30),
    )
    started = gateway.start(
        method=Method.ALIPAY_PAGE,
        number=intent.number,
        amount=AMOUNT,
        subject=intent.subject,
        notify_url="http://shop.localhost/notify",
        return_url="http://shop.localhost/",
        expires_at=intent.expires_at,
    )
    sandbox.visit(started.redirect_url)
    sandbox.pay(intent.number)
    intents.succeed(number=intent.number, trade=gateway.query(number=intent.number), at=at)
    return intent


def reconciled(account: MerchantAccount, at: datetime) -> ReconciledDay:
    row = services.start(account=account, day=day_of(at), at=at + timedelta(days=1))
    return services.run(row=row, at=at + timedelta(days=1))


@pytest.mark.parametrize(
    ("fault", "found"),
    [
        ("", []),
        ("bill_lacks", [("MISSING_THERE", "-200.00")]),
        ("bill_adds", [("MISSING_HERE", "200.00")]),
        ("bill_differs", [("AMOUNT", "0.01")]),
    ],
)
def test_what_is_wrong_in_the_bill_is_found_by_its_amount(
    db: None,
    harbour: Distributor,
    inside: Inside,
    sandbox: Sandbox,
    settings: Any,
    fault: str,
    found: list[tuple[str, str]],
) -> None:
    at = clock.now()
    with inside(harbour):
        account = an_account(sandbox, settings)
        intent = bought(account, sandbox)
        second = bought(account, sandbox)
        back = refunds.request(
            payment=second.payment, amount=Money.of("50"), reason="退款", at=clock.now()
        )
        assert refunds.send(number=back.number, at=clock.now()) == "SUCCEEDED"
        if fault:
            sandbox.fault("alipay", fault, out_trade_no=intent.number)
        day = reconciled(account, at)
        lines = ReconciledLine.objects.exclude(result__in=["MATCHED", "FEE"])
        assert [(line.result, str(line.gap)) for line in lines] == found
        fee = ReconciledLine.objects.get(kind="FEE").gap
        assert day.fee == -fee and fee.minor < 0
        assert str(day.ours) == str(balance(account="1012")) == "350.00"
        assert day.gap == sum((line.gap for line in lines), Money.zero())
