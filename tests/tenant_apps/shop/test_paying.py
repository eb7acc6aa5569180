"""The pay page: every way that the shop offers, the code, its end, and a fresh one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from billing.payments.enums import IntentState
from billing.payments.models import MerchantAccount, PaymentIntent
from billing.payments.services import intents
from shared_apps.distributors.models import Distributor
from shared_apps.kernel import clock
from tenant_apps.orders.models import Order
from tests import outside, world
from tests.billing.payments.test_every_provider import connect
from tests.conftest import Inside
from tests.sandbox_process import Sandbox

PHONE = {"user-agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148"}


@dataclass(frozen=True)
class Paying:
    """客户甲's browser at north, before an unpaid order of theirs."""

    client: Client
    order: Order

    @property
    def url(self) -> str:
        return f"/orders/{self.order.public_id}/pay/"

    def page(self, url: str = "", **headers: str) -> str:
        answer = self.client.get(url or self.url, headers=headers)
        assert answer.status_code == 200
        return answer.content.decode()

    def choose(self, method: str, **headers: str) -> PaymentIntent:
        answer = self.client.post(f"{self.url}{method}/", headers=headers)
        assert (answer.status_code, answer["Location"]) == (302, f"{self.url}?by={method}")
        return PaymentIntent.objects.filter(method=method).latest("id")


@pytest.fixture
def paying(
    db: None,
    sandbox: Sandbox,
    north: Distributor,
    inside: Inside,
    settings: Any,
    client_for: Callable[..., Client],
) -> Iterator[Paying]:
    """Stands inside north, whose shop takes Alipay, WeChat Pay and Stripe."""
    settings.ALIPAY_GATEWAY_URL = f"{sandbox.base_url}/alipay/gateway.do"
    settings.WECHAT_GATEWAY_URL = settings.STRIPE_API_URL = sandbox.base_url
    with inside(north):
        outside.open_account(sandbox)
        connect(sandbox, "WECHAT")
        connect(sandbox, "STRIPE")
        order = world.place(world.customer(), world.a_choice())
        user = world.customer().user
    client = client_for(north, user)
    with inside(north):
        yield Paying(client, order)


AT_A_DESK = ("ALIPAY_PAGE", "ALIPAY_QR", "WECHAT_NATIVE", "STRIPE_CHECKOUT")
ON_A_PHONE = ("ALIPAY_WAP", "WECHAT_H5", "STRIPE_CHECKOUT")


def test_a_desk_may_scan_and_a_phone_is_led_on(paying: Paying) -> None:
    desk, phone = paying.page(), paying.page(**PHONE)
    for method in {*AT_A_DESK, *ON_A_PHONE}:
        assert (f"/pay/{method}/" in desk) == (method in AT_A_DESK)
        assert (f"/pay/{method}/" in phone) == (method in ON_A_PHONE)
    balance = paying.page("/balance/", **PHONE)
    assert 'value="WECHAT_H5"' in balance and 'value="WECHAT_NATIVE"' not in balance


def test_a_channel_that_is_switched_off_is_not_offered(paying: Paying) -> None:
    MerchantAccount.objects.filter(provider="WECHAT").update(is_active=False)
    assert "WECHAT_NATIVE" not in paying.page()
    answer = paying.client.post(f"{paying.url}WECHAT_NATIVE/")
    assert answer.status_code == 409
    assert "店铺还没有开通这种收款方式" in answer.content.decode()
    assert not PaymentIntent.objects.exists()
    MerchantAccount.objects.update(is_active=False)
    assert "店铺还没有开通在线收款" in paying.page("/balance/")


@pytest.mark.parametrize(
    ("method", "says"),
    [("ALIPAY_QR", "请用支付宝扫一扫付款"), ("WECHAT_NATIVE", "请用微信扫一扫付款")],
)
def test_a_code_stands_in_the_page_until_it_is_over_and_can_be_had_anew(
    paying: Paying, method: str, says: str
) -> None:
    first = paying.choose(method)
    assert timedelta() < first.expires_at - clock.now() <= intents.QR_LASTS
    shown = paying.page(f"{paying.url}?by={method}")
    assert '<div class="nc-qr"><svg' in shown and says in shown
    assert first.qr_content not in shown
    state = f"{paying.url}state/?by={method}"
    assert "等待付款" in paying.page(state)

    PaymentIntent.objects.update(expires_at=clock.now())
    told = paying.client.get(state)
    assert told["HX-Redirect"] == f"{paying.url}?by={method}"
    over = paying.page(f"{paying.url}?by={method}")
    assert "二维码已过期" in over and "重新获取" in over and "nc-qr" not in over

    second = paying.choose(method)
    assert second.number != first.number
    assert '<div class="nc-qr"><svg' in paying.page(f"{paying.url}?by={method}")


@pytest.mark.parametrize(
    ("method", "label"),
    [
        ("ALIPAY_WAP", "去支付宝付款"),
        ("WECHAT_H5", "去微信付款"),
        ("STRIPE_CHECKOUT", "去 Stripe 付款"),
    ],
)
def test_a_phone_goes_to_the_providers_own_page(paying: Paying, method: str, label: str) -> None:
    begun = paying.choose(method, **PHONE)
    shown = paying.page(f"{paying.url}?by={method}", **PHONE)
    assert label in shown and "nc-qr" not in shown
    assert begun.redirect_url.replace("&", "&amp;") in shown


def test_what_was_paid_a_moment_ago_is_being_confirmed(paying: Paying, sandbox: Sandbox) -> None:
    begun = paying.choose("WECHAT_NATIVE")
    sandbox.fault("wechat", "notify_silent")
    sandbox.pay(begun.number, provider="wechat")
    assert intents.check(number=begun.number, at=clock.now()) == IntentState.SUCCEEDED
    assert "支付结果确认中" in paying.page(f"{paying.url}state/?by=WECHAT_NATIVE")
    world.drain()
    told = paying.client.get(f"{paying.url}state/")
    assert told["HX-Redirect"] == f"/orders/{paying.order.public_id}/"


def test_a_provider_that_cannot_be_reached_is_named_and_the_others_stay(
    paying: Paying, settings: Any
) -> None:
    settings.WECHAT_GATEWAY_URL = "http://127.0.0.1:1"
    answer = paying.client.post(f"{paying.url}WECHAT_NATIVE/")
    told = answer.content.decode()
    assert answer.status_code == 409
    assert "暂时没有连上微信支付" in told and "/pay/STRIPE_CHECKOUT/" in told


def test_a_recharge_is_switched_and_the_one_before_is_closed(paying: Paying) -> None:
    answer = paying.client.post("/balance/", {"amount": "50", "pay_by": "WECHAT_NATIVE"})
    first = PaymentIntent.objects.get()
    assert answer["Location"] == f"/balance/recharges/{first.public_id}/"
    assert "nc-qr" in paying.page(answer["Location"])
    answer = paying.client.post(f"{answer['Location']}pay/STRIPE_CHECKOUT/")
    second = PaymentIntent.objects.latest("id")
    assert answer["Location"] == f"/balance/recharges/{second.public_id}/"
    first.refresh_from_db()
    assert (first.state, second.state) == (IntentState.CLOSED, IntentState.OPEN)
    assert (second.method, second.amount) == ("STRIPE_CHECKOUT", first.amount)
    assert "重新获取" in paying.page(f"/balance/recharges/{first.public_id}/")
    assert paying.client.post(f"/balance/recharges/{second.public_id}/pay/CASH/").status_code == 404
    jsapi = paying.client.post(f"/balance/recharges/{second.public_id}/pay/WECHAT_JSAPI/")
    assert jsapi.status_code == 409
