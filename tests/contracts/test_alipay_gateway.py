"""What is Alipay's own, against its side in the sandbox; what all share is in test_gateways."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from billing.payments.enums import Method
from billing.payments.gateways import alipay_keys
from billing.payments.gateways.alipay import AlipayGateway, Refused
from billing.payments.gateways.alipay_notices import AlipayAccount, claims
from billing.payments.gateways.base import (
    Gateway,
    NoticeKind,
    NotificationRefused,
    RefundState,
    Refusal,
    TradeState,
)
from shared_apps.kernel import clock
from shared_apps.kernel.errors import OutcomeUnknown
from shared_apps.kernel.ids import number as new_number
from shared_apps.kernel.money import Money
from tests.sandbox_process import Listener, Merchant, Sandbox, new_key_pair, until

AMOUNT = Money.of("128.50")
FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}


def account(merchant: Merchant, **changes: str) -> AlipayAccount:
    facts = {
        "app_id": merchant.app_id,
        "seller_id": merchant.seller_id,
        "private_key": merchant.private_key,
        "alipay_public_key": merchant.alipay_public_key,
        "gateway_url": merchant.gateway_url,
    }
    return AlipayAccount(**(facts | changes))


@pytest.fixture(scope="session")
def merchant(sandbox_process: Sandbox) -> Merchant:
    return sandbox_process.register_merchant()


@pytest.fixture(params=["alipay"])
def gateway(request: pytest.FixtureRequest, sandbox: Sandbox, merchant: Merchant) -> Gateway:
    built: dict[str, Callable[[], Gateway]] = {
        "alipay": lambda: AlipayGateway(account(merchant), timeout=1.5)
    }
    return built[request.param]()


@pytest.fixture
def number() -> str:
    return new_number("P")


def start(
    gateway: Gateway,
    number: str,
    *,
    amount: Money = AMOUNT,
    notify_url: str = "",
    expires_at: datetime | None = None,
) -> str:
    return gateway.start(
        method=Method.ALIPAY_PAGE,
        number=number,
        amount=amount,
        subject="A100 80G × 8 & 一个月",
        notify_url=notify_url,
        return_url="http://shop.localhost/paid",
        expires_at=expires_at or clock.now() + timedelta(minutes=30),
    ).redirect_url


def paid(gateway: Gateway, sandbox: Sandbox, number: str, *, notify_url: str = "") -> None:
    sandbox.visit(start(gateway, number, notify_url=notify_url))
    sandbox.pay(number)


class TestPaying:
    def test_a_page_payment_is_unknown_until_opened_then_waits_then_is_paid(
        self, gateway: Gateway, sandbox: Sandbox, number: str
    ) -> None:
        url = start(gateway, number)
        assert gateway.query(number=number).state is TradeState.NOT_FOUND

        page = sandbox.visit(url)
        assert "128.50" in page.text and "A100 80G × 8 &amp; 一个月" in page.text
        assert gateway.query(number=number).state is TradeState.WAITING

        sandbox.pay(number)
        trade = gateway.query(number=number)
        assert (trade.state, trade.amount, trade.number) == (TradeState.PAID, AMOUNT, number)
        assert trade.provider_trade_no
        assert trade.paid_at is not None
        assert abs(trade.paid_at - clock.now()) < timedelta(seconds=10)

    def test_a_qr_payment_is_paid_by_whoever_scans_it(
        self, gateway: Gateway, sandbox: Sandbox, number: str
    ) -> None:
        def code() -> str:
            return gateway.start(
                method=Method.ALIPAY_QR,
                number=number,
                amount=AMOUNT,
                subject="GPU 云主机",
                notify_url="",
                return_url="",
                expires_at=clock.now() + timedelta(minutes=30),
            ).qr_content

        first = code()
        assert code() == first, "the same number is the same code"
        assert gateway.query(number=number).state is TradeState.NOT_FOUND
        sandbox.visit(first)
        assert gateway.query(number=number).state is TradeState.WAITING
        sandbox.pay(number)
        assert gateway.query(number=number).state is TradeState.PAID

    def test_a_changed_amount_in_the_address_is_refused_by_the_provider(
        self, gateway: Gateway, sandbox: Sandbox, number: str
    ) -> None:
        page = sandbox.visit(start(gateway, number).replace("128.50", "000.01"))
        assert "isv.invalid-signature" in page.text
        assert sandbox.trade(number) is None

    def test_a_key_that_is_not_registered_is_refused(
        self, sandbox: Sandbox, merchant: Merchant, number: str
    ) -> None:
        stranger = AlipayGateway(account(merchant, private_key=new_key_pair()[0]), timeout=3)
        with pytest.raises(Refused) as refused:
            stranger.query(number=number)
        assert refused.value.sub_code == "isv.invalid-signature"
        assert not refused.value.permanent  # a key can be mended; it says nothing of the payment

    @pytest.mark.parametrize("amount", [Money(0), Money(-1), Money(100, "USD")])
    def test_only_positive_yuan_are_asked_for(
        self, gateway: Gateway, number: str, amount: Money
    ) -> None:
        with pytest.raises(ValueError, match="positive amounts of CNY"):
            start(gateway, number, amount=amount)


class TestClosing:
    def test_a_trade_never_opened_is_not_found(self, gateway: Gateway, number: str) -> None:
        start(gateway, number)
        assert gateway.close(number=number) is TradeState.NOT_FOUND

    def test_time_closes_it_too(self, gateway: Gateway, sandbox: Sandbox, number: str) -> None:
        sandbox.visit(start(gateway, number, expires_at=clock.now() + timedelta(seconds=2)))
        assert gateway.query(number=number).state is TradeState.WAITING
        until(lambda: gateway.query(number=number).state is TradeState.CLOSED, seconds=5)


class TestRefunding:
    def test_refunds_add_up_to_what_was_paid_and_no_further(
        self, gateway: Gateway, sandbox: Sandbox, number: str
    ) -> None:
        paid(gateway, sandbox, number)

        def refund(request_no: str, amount: str) -> RefundState:
            return gateway.refund(
                number=number,
                request_no=request_no,
                amount=Money.of(amount),
                total=AMOUNT,
                reason="未开通",
            ).state

        assert refund("R1", "100.00") is RefundState.DONE
        assert refund("R1", "100.00") is RefundState.DONE, "again, but not twice"
        with pytest.raises(Refused) as refused:
            refund("R1", "100.01")
        assert refused.value.sub_code == "ACQ.DISCORDANT_REPEAT_REQUEST"
        with pytest.raises(Refused) as refused:
            refund("R2", "28.51")
        assert refused.value.sub_code == "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL"
        trade = sandbox.trade(number)
        assert trade is not None and trade["refunded_amount"] == "100.00"

        assert refund("R3", "28.50") is RefundState.DONE
        assert gateway.query(number=number).state is TradeState.CLOSED
        known = gateway.query_refund(number=number, request_no="R3")
        assert (known.state, known.amount) == (RefundState.DONE, Money.of("28.50"))
        assert known.refunded_at is not None


class TestTheGatewayMisbehaves:
    @pytest.mark.parametrize("fault", ["gateway_bad_signature", "gateway_sha1_signature"])
    def test_a_refund_whose_answer_is_lost_is_unknown_and_repeated_safely(
        self, gateway: Gateway, sandbox: Sandbox, number: str, fault: str
    ) -> None:
        paid(gateway, sandbox, number)
        sandbox.fault("alipay", fault, match={"out_trade_no": number})

        def refund() -> RefundState:
            return gateway.refund(
                number=number, request_no="R1", amount=AMOUNT, total=AMOUNT, reason=""
            ).state

        with pytest.raises(OutcomeUnknown):
            refund()
        assert [armed["used"] for armed in sandbox.faults()] == [1]
        assert refund() is RefundState.DONE
        trade = sandbox.trade(number)
        assert trade is not None and trade["refunded_amount"] == "128.50"

    def test_an_answer_signed_by_another_key_is_not_believed(
        self, sandbox: Sandbox, merchant: Merchant, number: str
    ) -> None:
        other = sandbox.register_merchant()
        gateway = AlipayGateway(
            account(merchant, alipay_public_key=other.alipay_public_key), timeout=3
        )
        with pytest.raises(OutcomeUnknown, match=r".") as error:
            gateway.query(number=number)
        assert "not signed" in error.value.detail


class TestNotifications:
    @pytest.fixture
    def bought(self, gateway: Gateway, sandbox: Sandbox, number: str) -> str:
        paid(gateway, sandbox, number)
        return number

    def body(self, sandbox: Sandbox, number: str, **options: Any) -> bytes:
        built = sandbox.notify(number, deliver=False, **options)
        return str(built["body"]).encode()

    def refusal(self, gateway: Gateway, body: bytes) -> Refusal:
        with pytest.raises(NotificationRefused) as refused:
            gateway.verify_notification(raw_body=body, headers=FORM)
        assert refused.value.permanent
        return refused.value.reason

    def test_a_true_one_is_read_to_the_fen(
        self, gateway: Gateway, sandbox: Sandbox, merchant: Merchant, bought: str
    ) -> None:
        body = self.body(sandbox, bought)
        notice = gateway.verify_notification(raw_body=body, headers=FORM)
        assert (notice.kind, notice.number, notice.amount) == (NoticeKind.PAYMENT, bought, AMOUNT)
        assert (notice.app_id, notice.seller_id) == (merchant.app_id, merchant.seller_id)
        assert notice.event_id == claims(body)["notify_id"]
        assert notice.fields["subject"] == "A100 80G × 8 & 一个月"
        again = gateway.verify_notification(raw_body=body, headers=FORM)
        assert again == notice

    def test_a_refund_is_told_apart_from_a_payment(
        self, gateway: Gateway, sandbox: Sandbox, bought: str
    ) -> None:
        gateway.refund(
            number=bought, request_no="R1", amount=Money.of("8.50"), total=AMOUNT, reason=""
        )
        notice = gateway.verify_notification(
            raw_body=self.body(sandbox, bought, event="refunded", out_request_no="R1"),
            headers=FORM,
        )
        assert notice.kind is NoticeKind.REFUND
        assert notice.amount == AMOUNT
        assert (notice.refund_request_no, notice.refunded_total) == ("R1", Money.of("8.50"))

    @pytest.mark.parametrize(
        ("overrides", "reason"),
        [
            ({"app_id": "2021000000000001"}, Refusal.FOREIGN_APP),
            ({"seller_id": "2088000000000001"}, Refusal.FOREIGN_SELLER),
            ({"trans_currency": "USD"}, Refusal.FOREIGN_CURRENCY),
            ({"trade_status": "TRADE_DREAMT"}, Refusal.MALFORMED),
            ({"total_amount": "1.234"}, Refusal.MALFORMED),
            ({"notify_id": ""}, Refusal.MALFORMED),
        ],
    )
    def test_what_is_signed_but_not_for_this_account_is_refused(
        self,
        gateway: Gateway,
        sandbox: Sandbox,
        bought: str,
        overrides: dict[str, str],
        reason: Refusal,
    ) -> None:
        assert self.refusal(gateway, self.body(sandbox, bought, overrides=overrides)) is reason

    def test_another_merchants_notice_is_refused(
        self, gateway: Gateway, sandbox: Sandbox, number: str
    ) -> None:
        other = AlipayGateway(account(sandbox.register_merchant()), timeout=3)
        paid(other, sandbox, number)
        assert self.refusal(gateway, self.body(sandbox, number)) is Refusal.BAD_SIGNATURE

    def test_changing_any_one_field_is_noticed(
        self, gateway: Gateway, sandbox: Sandbox, bought: str
    ) -> None:
        fields = dict(parse_qsl(self.body(sandbox, bought).decode(), keep_blank_values=True))
        for name in fields:
            if name == "sign_type":
                continue
            altered = fields | {name: "9" + fields[name][1:]}
            assert altered != fields
            reason = self.refusal(gateway, urlencode(altered).encode())
            assert reason is Refusal.BAD_SIGNATURE, name
        for name in fields:
            shorter = {key: value for key, value in fields.items() if key != name}
            self.refusal(gateway, urlencode(shorter).encode())

    @pytest.mark.parametrize(
        "body", [b"", b"hello", b"\xff=1", b"a=%ff", b"a=1&a=2", b"x" * 40_000], ids=repr
    )
    def test_nonsense_is_refused(self, gateway: Gateway, body: bytes) -> None:
        assert self.refusal(gateway, body[:40_000]) is Refusal.MALFORMED

    def test_a_second_value_for_a_signed_key_is_refused(
        self, gateway: Gateway, sandbox: Sandbox, bought: str
    ) -> None:
        body = self.body(sandbox, bought)
        assert self.refusal(gateway, b"total_amount=0.01&" + body) is Refusal.MALFORMED


class TestDelivery:
    def test_the_provider_repeats_until_it_hears_success(
        self, gateway: Gateway, sandbox: Sandbox, listener: Listener, number: str
    ) -> None:
        listener.answers += ["failure", "<html>502</html>"]
        paid(gateway, sandbox, number, notify_url=listener.url)
        until(lambda: [n["state"] for n in sandbox.notices(number)] == ["DELIVERED"])
        assert len(listener.bodies) == 3
        assert len(set(listener.bodies)) == 1, "the same event, byte for byte"
        assert listener.hosts == [urlsplit(listener.url).netloc] * 3
        assert gateway.verify_notification(raw_body=listener.bodies[0], headers=FORM).number == (
            number
        )

    @pytest.mark.parametrize(
        ("fault", "expected"),
        [
            ("notify_silent", []),
            ("notify_twice", [NoticeKind.PAYMENT, NoticeKind.PAYMENT]),
            ("notify_reordered", [NoticeKind.PAYMENT, NoticeKind.WAITING]),
            ("notify_late", [NoticeKind.PAYMENT]),
            ("notify_forged", [Refusal.BAD_SIGNATURE]),
            ("notify_altered", [Refusal.BAD_SIGNATURE]),
            ("notify_unsigned", [Refusal.UNSIGNED]),
            ("notify_sha1", [Refusal.WEAK_SIGNATURE]),
            ("notify_sha1_as_rsa2", [Refusal.WEAK_SIGNATURE]),
            ("notify_foreign_merchant", [Refusal.FOREIGN_APP]),
            ("notify_wrong_amount", [NoticeKind.PAYMENT]),
            ("notify_unknown_order", [NoticeKind.PAYMENT]),
        ],
    )
    def test_every_kind_of_bad_notice_is_seen_for_what_it_is(
        self,
        gateway: Gateway,
        sandbox: Sandbox,
        listener: Listener,
        number: str,
        fault: str,
        expected: list[NoticeKind | Refusal],
    ) -> None:
        params: dict[str, Any] = {"seconds": 0.5} if fault == "notify_late" else {}
        sandbox.fault("alipay", fault, match={"out_trade_no": number}, **params)
        paid(gateway, sandbox, number, notify_url=listener.url)
        until(lambda: all(n["state"] == "DELIVERED" for n in sandbox.notices(number)))
        assert len(listener.bodies) == len(expected)

        seen: list[NoticeKind | Refusal] = []
        for body in listener.bodies:
            try:
                notice = gateway.verify_notification(raw_body=body, headers=FORM)
            except NotificationRefused as refused:
                seen.append(refused.reason)
                continue
            seen.append(notice.kind)
            # Signed, and yet not our payment: that is the caller's to compare.
            assert (notice.amount != AMOUNT) == (fault == "notify_wrong_amount")
            assert (notice.number != number) == (fault == "notify_unknown_order")
        assert seen == expected
        assert gateway.query(number=number).state is TradeState.PAID


class TestKeys:
    def test_short_and_wrong_keys_are_refused_at_once(self, merchant: Merchant) -> None:
        for changes in ({"private_key": "nonsense"}, {"alipay_public_key": "nonsense"}):
            with pytest.raises(ValueError, match=r".") as error:
                AlipayGateway(account(merchant, **changes))
            assert merchant.private_key[40:80] not in str(error.value)

    def test_a_key_may_be_one_line_of_base64_or_pkcs8(
        self, sandbox: Sandbox, merchant: Merchant, number: str
    ) -> None:
        from cryptography.hazmat.primitives import serialization

        key = serialization.load_pem_private_key(merchant.private_key.encode(), password=None)
        pkcs8 = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()
        for text in (merchant.private_key, pkcs8):
            bare = "".join(line for line in text.splitlines() if "-----" not in line)
            assert alipay_keys.private_key_pem(bare) == merchant.private_key
        gateway = AlipayGateway(account(merchant, private_key=pkcs8), timeout=3)
        assert gateway.query(number=number).state is TradeState.NOT_FOUND

    def test_keys_are_not_shown(self, merchant: Merchant) -> None:
        assert "PRIVATE" not in repr(account(merchant))
