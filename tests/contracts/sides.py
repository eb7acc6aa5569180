"""The payment providers as one suite sees them: a gateway of ours, and their side in the sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlencode

from billing.payments.enums import Method
from billing.payments.gateways.alipay import AlipayGateway
from billing.payments.gateways.alipay_keys import CHINA
from billing.payments.gateways.alipay_notices import AlipayAccount
from billing.payments.gateways.base import Gateway, GatewayRefund, Refusal, Started
from billing.payments.gateways.stripe_gateway import StripeGateway
from billing.payments.gateways.stripe_notices import StripeAccount
from billing.payments.gateways.wechat import WechatGateway
from billing.payments.gateways.wechat_notices import WechatAccount
from shared_apps.kernel import clock
from shared_apps.kernel.money import Money
from tests.sandbox_process import Merchant, Sandbox, StripeMerchant, WechatMerchant

AMOUNT = Money.of("128.50")
PARTIAL = Money.of("28.50")
SUBJECT = "A100 80G × 8 & 一个月"
BACK = "http://shop.localhost/paid"
NOWHERE = "http://127.0.0.1:1"
TIMEOUT = 1.5


def alipay_account(merchant: Merchant, **changes: str) -> AlipayAccount:
    facts = {
        "app_id": merchant.app_id,
        "seller_id": merchant.seller_id,
        "private_key": merchant.private_key,
        "alipay_public_key": merchant.alipay_public_key,
        "gateway_url": merchant.gateway_url,
    }
    return AlipayAccount(**(facts | changes))


def wechat_account(merchant: WechatMerchant, **changes: str) -> WechatAccount:
    facts = {
        "appid": merchant.appid,
        "mchid": merchant.mchid,
        "serial_no": merchant.serial_no,
        "private_key": merchant.private_key,
        "api_v3_key": merchant.api_v3_key,
        "public_key": merchant.public_key,
        "public_key_id": merchant.public_key_id,
        "gateway_url": merchant.gateway_url,
    }
    return WechatAccount(**(facts | changes))


def stripe_account(merchant: StripeMerchant, **changes: str) -> StripeAccount:
    facts = {
        "account": merchant.account,
        "secret_key": merchant.secret_key,
        "webhook_secret": merchant.webhook_secret,
        "api_url": merchant.api_url,
    }
    return StripeAccount(**(facts | changes))


@dataclass
class Side:
    """One provider. `refs` are the provider's names of what was started, by our number."""

    sandbox: Sandbox
    gateway: Gateway
    nowhere: Gateway
    refs: dict[str, str] = field(default_factory=dict)

    name: ClassVar[str]
    methods: ClassVar[tuple[Method, ...]]
    signatures: ClassVar[Mapping[str, Refusal]]
    fee: ClassVar[Money]
    bill_faults: ClassVar[bool] = True

    def start(
        self,
        number: str,
        *,
        method: Method | None = None,
        amount: Money = AMOUNT,
        notify_url: str = "http://shop.localhost/notify",
        expires_at: datetime | None = None,
    ) -> Started:
        started = self.gateway.start(
            method=method or self.methods[0],
            number=number,
            amount=amount,
            subject=SUBJECT,
            notify_url=notify_url,
            return_url=BACK,
            expires_at=expires_at or clock.now() + timedelta(minutes=40),
            payer_ip="203.0.113.7",
            openid="oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
        )
        self.refs[number] = started.provider_ref
        return started

    def address(self, started: Started) -> str:
        """Where a person opens what was started."""
        if started.jsapi is not None:
            return f"{self.sandbox.base_url}/wechat/bridge?{urlencode(started.jsapi)}"
        return started.redirect_url or started.qr_content

    def buy(self, number: str, **options: Any) -> None:
        self.sandbox.visit(self.address(self.start(number, **options)))
        self.sandbox.pay(number, provider=self.name)

    def ref(self, number: str) -> str:
        return self.refs.get(number, "")

    def refund(
        self, number: str, request_no: str, amount: Money = AMOUNT, total: Money = AMOUNT
    ) -> GatewayRefund:
        return self.gateway.refund(
            number=number,
            request_no=request_no,
            amount=amount,
            total=total,
            reason="未开通",
            ref=self.ref(number),
        )

    def refunded(self, number: str) -> Money:
        """What the provider's own record says."""
        raise NotImplementedError

    def notice(self, number: str, **options: Any) -> tuple[bytes, dict[str, str]]:
        """One notification, not delivered: its body and headers."""
        built = self.sandbox.notify(number, provider=self.name, deliver=False, **options)
        return str(built["body"]).encode(), dict(built.get("headers", {}))

    def refund_notice(self, number: str, request_no: str) -> tuple[bytes, dict[str, str]]:
        raise NotImplementedError

    def today(self) -> date:
        return clock.now().astimezone(CHINA).date()


class Alipay(Side):
    name = "alipay"
    methods = (Method.ALIPAY_PAGE, Method.ALIPAY_WAP, Method.ALIPAY_QR)
    fee = Money.of("0.77")
    signatures: ClassVar[Mapping[str, Refusal]] = {
        "forged": Refusal.BAD_SIGNATURE,
        "altered": Refusal.BAD_SIGNATURE,
        "unsigned": Refusal.UNSIGNED,
        "sha1": Refusal.WEAK_SIGNATURE,
        "sha1_as_rsa2": Refusal.WEAK_SIGNATURE,
    }

    @classmethod
    def open(cls, sandbox: Sandbox, merchant: Merchant) -> Side:
        account = alipay_account(merchant)
        nowhere = alipay_account(merchant, gateway_url=f"{NOWHERE}/gateway.do")
        return cls(
            sandbox,
            AlipayGateway(account, timeout=TIMEOUT),
            AlipayGateway(nowhere, timeout=TIMEOUT),
        )

    def refunded(self, number: str) -> Money:
        trade = self.sandbox.trade(number)
        assert trade is not None
        return Money.of(trade["refunded_amount"])

    def refund_notice(self, number: str, request_no: str) -> tuple[bytes, dict[str, str]]:
        return self.notice(number, event="refunded", out_request_no=request_no)


class Wechat(Side):
    name = "wechat"
    methods = (Method.WECHAT_NATIVE, Method.WECHAT_H5, Method.WECHAT_JSAPI)
    fee = Money.of("0.77")
    signatures: ClassVar[Mapping[str, Refusal]] = {
        "forged": Refusal.BAD_SIGNATURE,
        "altered": Refusal.BAD_SIGNATURE,
        "unsigned": Refusal.UNSIGNED,
        "weak": Refusal.WEAK_SIGNATURE,
        "stale": Refusal.STALE,
        "wrong_serial": Refusal.FOREIGN_KEY,
        "unreadable": Refusal.UNREADABLE,
    }

    @classmethod
    def open(cls, sandbox: Sandbox, merchant: WechatMerchant) -> Side:
        account = wechat_account(merchant)
        limits = (TIMEOUT, TIMEOUT)
        return cls(
            sandbox,
            WechatGateway(account, timeout=limits),
            WechatGateway(wechat_account(merchant, gateway_url=NOWHERE), timeout=limits),
        )

    def refunded(self, number: str) -> Money:
        (trade,) = self.sandbox._json(
            "GET", "/admin/wechat/trades", params={"out_trade_no": number}
        )
        return Money(trade["refunded_fen"])

    def refund_notice(self, number: str, request_no: str) -> tuple[bytes, dict[str, str]]:
        return self.notice(number, out_refund_no=request_no)


class Stripe(Side):
    name = "stripe"
    methods = (Method.STRIPE_CHECKOUT,)
    fee = Money.of("6.72")  # 3.4 % and 2.35
    bill_faults = False
    signatures: ClassVar[Mapping[str, Refusal]] = {
        "forged": Refusal.BAD_SIGNATURE,
        "altered": Refusal.BAD_SIGNATURE,
        "unsigned": Refusal.UNSIGNED,
        "weak": Refusal.WEAK_SIGNATURE,
        "stale": Refusal.STALE,
    }

    @classmethod
    def open(cls, sandbox: Sandbox, merchant: StripeMerchant) -> Side:
        account = stripe_account(merchant)
        return cls(
            sandbox,
            StripeGateway(account, timeout=TIMEOUT),
            StripeGateway(stripe_account(merchant, api_url=NOWHERE), timeout=TIMEOUT),
        )

    def refunded(self, number: str) -> Money:
        (session,) = self.sandbox._json(
            "GET", "/admin/stripe/sessions", params={"out_trade_no": number}
        )
        return Money(session["refunded"])

    def refund_notice(self, number: str, request_no: str) -> tuple[bytes, dict[str, str]]:
        return self.notice(number, event="refunded")

    def today(self) -> date:
        return clock.now().date()
