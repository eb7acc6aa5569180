"""WeChat Pay and Stripe from the start of a payment to the customer's balance, over the sandbox."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from billing.ledger.enums import PartyKind
from billing.ledger.models import Entry
from billing.ledger.parties import Party
from billing.payments.accounts import notify_path
from billing.payments.enums import EventState, IntentState, Provider, RefundState
from billing.payments.models import MerchantAccount, Payment, PaymentIntent, ProviderEvent
from billing.payments.services import intents, refunds
from billing.payments.services.accounts import connect_account
from shared_apps.distributors.models import Distributor
from shared_apps.kernel import clock
from shared_apps.kernel.money import Money
from tests import world
from tests.conftest import Inside
from tests.sandbox_process import Sandbox

AMOUNT = Money.of("88.80")


def connect(sandbox: Sandbox, provider: str) -> MerchantAccount:
    if provider == Provider.WECHAT:
        merchant = sandbox.register_wechat()
        return connect_account(
            provider=provider,
            app_id=merchant.appid,
            seller_id=merchant.mchid,
            settings={
                "serial_no": merchant.serial_no,
                "public_key": merchant.public_key,
                "public_key_id": merchant.public_key_id,
            },
            secret={"private_key": merchant.private_key, "api_v3_key": merchant.api_v3_key},
        )
    account = sandbox.register_stripe()
    return connect_account(
        provider=provider,
        app_id=account.account,
        seller_id=account.account,
        settings={},
        secret={"secret_key": account.secret_key, "webhook_secret": account.webhook_secret},
    )


@dataclass(frozen=True)
class Paying:
    """A recharge that was paid at the provider, and of which we were told nothing yet."""

    sandbox: Sandbox
    provider: str
    account: MerchantAccount
    intent: PaymentIntent
    client: Client

    def tell(self, *, path: str = "", **options: Any) -> int:
        """Posts one notification of the payment; returns the status of our answer."""
        built = self.sandbox.notify(
            self.intent.number, provider=self.provider.lower(), deliver=False, **options
        )
        answer = self.client.post(
            path or notify_path(self.account),
            built["body"],
            content_type="application/json",
            headers=built["headers"],
        )
        return answer.status_code

    def booked(self) -> tuple[int, int]:
        return (
            Payment.objects.filter(intent=self.intent).count(),
            Entry.objects.filter(source=f"payment:{self.intent.number}").count(),
        )


@pytest.fixture(
    params=[("WECHAT", "WECHAT_NATIVE"), ("STRIPE", "STRIPE_CHECKOUT")], ids=["wechat", "stripe"]
)
def paying(
    request: pytest.FixtureRequest,
    db: None,
    sandbox: Sandbox,
    north: Distributor,
    inside: Inside,
    settings: Any,
    client_for: Callable[..., Client],
) -> Iterator[Paying]:
    """Stands inside north."""
    settings.WECHAT_GATEWAY_URL = settings.STRIPE_API_URL = sandbox.base_url
    provider, method = request.param
    client = client_for(north)
    with inside(north):
        account = connect(sandbox, provider)
        now = clock.now()
        intent = intents.start(
            method=method,
            customer=Party(PartyKind.CUSTOMER, str(world.customer().public_id)),
            amount=AMOUNT,
            subject="充值",
            order_id=None,
            back=intents.Return(site="http://127.0.0.1:1", return_url="http://shop.localhost/"),
            expires_at=now + timedelta(minutes=30),
            at=now,
        )
        sandbox.fault(provider.lower(), "notify_silent")
        sandbox.pay(intent.number, provider=provider.lower())
        yield Paying(sandbox, provider, account, intent, client)


def test_a_true_notification_books_the_payment_once(paying: Paying) -> None:
    assert paying.booked() == (0, 0)
    assert [paying.tell(event_id="EV-1") for _ in range(3)] == [200, 200, 200]
    assert paying.booked() == (1, 1)
    paying.intent.refresh_from_db()
    assert paying.intent.state == IntentState.SUCCEEDED
    (kept,) = ProviderEvent.objects.filter(number=paying.intent.number, event_id="EV-1").distinct(
        "state"
    )
    assert kept.state == EventState.ACCEPTED


@pytest.mark.parametrize("signature", ["forged", "altered", "unsigned", "weak", "stale"])
def test_one_that_is_not_signed_properly_and_now_moves_nothing(
    paying: Paying, signature: str
) -> None:
    assert paying.tell(signature=signature) == 400
    assert paying.booked() == (0, 0)
    assert ProviderEvent.objects.get(app_id=paying.account.app_id).state == EventState.REFUSED


def test_one_with_another_amount_moves_nothing(paying: Paying) -> None:
    key = "total" if paying.provider == Provider.WECHAT else "amount_total"
    assert paying.tell(overrides={key: AMOUNT.minor - 1}) == 400
    assert paying.booked() == (0, 0)
    kept = ProviderEvent.objects.get(number=paying.intent.number)
    assert (kept.state, kept.reason) == (EventState.REFUSED, "WRONG_AMOUNT: 88.79 for 88.80")


def test_one_at_nobodys_address_moves_nothing(paying: Paying) -> None:
    stranger = notify_path(paying.account).replace(paying.account.app_id, "nobody")
    assert paying.tell(path=stranger) == 400
    assert paying.booked() == (0, 0)


def test_without_any_notification_our_question_finds_the_payment(paying: Paying) -> None:
    state = intents.check(number=paying.intent.number, at=clock.now())
    assert state == IntentState.SUCCEEDED
    assert paying.booked() == (1, 1)


def test_a_refund_goes_back_once_and_one_that_is_given_up_returns_to_the_balance(
    paying: Paying,
) -> None:
    paying.tell()
    payment = Payment.objects.get(intent=paying.intent)
    done = refunds.request(payment=payment, amount=Money.of("8.80"), reason="", at=clock.now())
    assert refunds.send(number=done.number, at=clock.now()) == RefundState.SUCCEEDED
    assert refunds.send(number=done.number, at=clock.now()) == RefundState.SUCCEEDED

    fault = "refund_closes" if paying.provider == Provider.WECHAT else "refund_fails"
    paying.sandbox.fault(paying.provider.lower(), fault, seconds=0)
    lost = refunds.request(payment=payment, amount=Money.of("10.00"), reason="", at=clock.now())
    assert refunds.send(number=lost.number, at=clock.now()) == RefundState.FAILED
    payment.refresh_from_db()
    assert payment.refunded_minor == 880
