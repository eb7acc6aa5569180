"""Stripe played twice, by our sandbox and by localstripe: what our gateway does must be right at both.

localstripe knows payment intents, refunds and balance transactions, and no checkout; it is a process
of its own. It gives back more than was paid, and takes no dates: there only the sandbox is asked.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import environment
import pytest
import stripe

from billing.payments.gateways.base import RefundState
from billing.payments.gateways.stripe_gateway import StripeGateway
from billing.payments.gateways.stripe_notices import StripeAccount
from ncmatch.services import ports
from shared_apps.kernel.errors import ProviderError
from shared_apps.kernel.ids import number as new_number
from shared_apps.kernel.money import Money
from tests.contracts.sides import AMOUNT, PARTIAL, Stripe
from tests.sandbox_process import Sandbox, until


class OfIntents(StripeGateway):
    """Our gateway, told the payment intent itself instead of the session that it came of."""

    def _intent(self, number: str, ref: str) -> str:
        return ref


@dataclass(frozen=True)
class Played:
    """A paid payment intent, and who plays Stripe."""

    gateway: StripeGateway
    client: stripe.StripeClient
    number: str
    intent: str


@pytest.fixture(scope="session")
def localstripe() -> Iterator[str]:
    environment.localstripe()
    port = ports.choose(taken=set())
    process = subprocess.Popen(
        [sys.executable, "-m", "localstripe", "--port", str(port), "--from-scratch"],
        env={**os.environ, "PYTHONPATH": str(environment.LOCALSTRIPE)},
        cwd=environment.LOCALSTRIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait(10)


@pytest.fixture(params=["sandbox", "localstripe"])
def played(request: pytest.FixtureRequest, sandbox: Sandbox) -> Played:
    number = new_number("P")
    if request.param == "sandbox":
        merchant = sandbox.register_stripe()
        side = Stripe.open(sandbox, merchant)
        side.buy(number)
        found = _client(merchant.api_url, merchant.secret_key)
        intent = side.gateway.query(number=number, ref=side.ref(number)).provider_trade_no
        return Played(_gateway(merchant.api_url, merchant.secret_key), found, number, intent)
    url, key = request.getfixturevalue("localstripe"), "sk_test_12345"
    client = _client(url, key)
    return Played(_gateway(url, key), client, number, until(lambda: _paid(client, number)))


def _gateway(url: str, key: str) -> StripeGateway:
    account = StripeAccount(account="acct_1", secret_key=key, webhook_secret="whsec_1", api_url=url)
    return OfIntents(account, timeout=5)


def _client(url: str, key: str) -> stripe.StripeClient:
    return stripe.StripeClient(key, base_addresses={"api": url}, max_network_retries=0)


def _paid(client: stripe.StripeClient, number: str) -> str:
    """ "" while nobody listens yet."""
    try:
        card = client.v1.payment_methods.create(
            {
                "type": "card",
                "card": {
                    "number": "4242424242424242",
                    "exp_month": 12,
                    "exp_year": 2040,
                    "cvc": "123",
                },
            }
        )
    except stripe.APIConnectionError:
        return ""
    made = client.v1.payment_intents.create(
        {
            "amount": AMOUNT.minor,
            "currency": "cny",
            "payment_method": card.id,
            "confirm": True,
            "metadata": {"number": number},
        }
    )
    assert made.status == "succeeded"
    return made.id


def test_a_refund_goes_back_once_under_its_own_number(played: Played) -> None:
    gateway, number, intent = played.gateway, played.number, played.intent
    first, second = new_number("R"), new_number("R")

    def known(request_no: str) -> tuple[RefundState, Money | None]:
        found = gateway.query_refund(number=number, request_no=request_no, ref=intent)
        return found.state, found.amount

    def refund(request_no: str, amount: Money) -> RefundState:
        return gateway.refund(
            number=number,
            request_no=request_no,
            amount=amount,
            total=AMOUNT,
            reason="未开通",
            ref=intent,
        ).state

    assert known(first) == (RefundState.NOT_FOUND, None)
    assert [refund(first, PARTIAL) for _ in range(3)] == [RefundState.DONE] * 3
    assert refund(second, AMOUNT - PARTIAL) is RefundState.DONE
    with pytest.raises(ProviderError):
        refund(first, AMOUNT)
    assert known(first) == (RefundState.DONE, PARTIAL)
    assert known(second) == (RefundState.DONE, AMOUNT - PARTIAL)

    found = played.client.v1.refunds.list({"payment_intent": intent, "limit": 100}).data
    assert sorted(refund.amount for refund in found) == [PARTIAL.minor, (AMOUNT - PARTIAL).minor]


def test_the_balance_moves_by_the_payment_and_back_by_the_refund(played: Played) -> None:
    request_no = new_number("R")
    played.gateway.refund(
        number=played.number,
        request_no=request_no,
        amount=PARTIAL,
        total=AMOUNT,
        reason="",
        ref=played.intent,
    )
    found = played.client.v1.balance_transactions.list(
        {"limit": 100, "expand": ["data.source"]}
    ).data
    ours = []
    for moved in found:
        source = moved.source
        assert source is not None and not isinstance(source, str)
        told = source.to_dict()
        if told["payment_intent"] == played.intent:
            ours.append((moved.type, moved.amount, moved.net + moved.fee, told["object"]))
            assert (moved.currency, moved.reporting_category) == ("cny", moved.type)
    assert sorted(ours) == [
        ("charge", AMOUNT.minor, AMOUNT.minor, "charge"),
        ("refund", -PARTIAL.minor, -PARTIAL.minor, "refund"),
    ]
