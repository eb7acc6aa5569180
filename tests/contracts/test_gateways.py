"""One suite for every payment gateway, over the real sandbox process."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from billing.payments.enums import PROVIDER_OF, Method
from billing.payments.gateways.base import (
    NoticeKind,
    NotificationRefused,
    RefundState,
    Refusal,
    TradeAlreadyPaid,
    TradeState,
)
from shared_apps.kernel import clock
from shared_apps.kernel.errors import OutcomeUnknown, ProviderError
from shared_apps.kernel.ids import number as new_number
from shared_apps.kernel.money import Money
from tests.contracts.sides import AMOUNT, BACK, PARTIAL, Side
from tests.sandbox_process import Listener, Sandbox, until

METHODS = [method for method in Method if method in PROVIDER_OF]


class TestPaying:
    @pytest.mark.parametrize("method", METHODS)
    def test_whoever_opens_it_and_presses_pay_has_paid(
        self, open_side: Callable[[str], Side], number: str, method: Method
    ) -> None:
        side = open_side(PROVIDER_OF[method].lower())
        address = side.address(side.start(number, method=method))
        page = side.sandbox.visit(address)
        assert page.status_code == 200
        assert (
            "128.50" in page.text
            and "A100 80G × 8 &amp; 一个月" in page.text
            and number in page.text
        )
        waiting = side.gateway.query(number=number, ref=side.ref(number))
        assert (waiting.state, waiting.paid_at) == (TradeState.WAITING, None)

        answer = side.sandbox._http.post(str(page.url), data={"action": "pay"})
        if method not in (Method.ALIPAY_QR, Method.WECHAT_NATIVE, Method.WECHAT_JSAPI):
            assert answer.status_code == 303 and answer.headers["Location"].startswith(BACK)
        trade = side.gateway.query(number=number, ref=side.ref(number))
        assert (trade.state, trade.amount, trade.number) == (TradeState.PAID, AMOUNT, number)
        assert trade.provider_trade_no
        assert trade.paid_at is not None
        assert abs(trade.paid_at - clock.now()) < timedelta(seconds=10)

    def test_the_same_number_again_is_the_same_payment(self, side: Side, number: str) -> None:
        expires_at = clock.now() + timedelta(minutes=45)
        method = side.methods[-1] if side.name == "alipay" else side.methods[0]
        first, second = (side.start(number, method=method, expires_at=expires_at) for _ in range(2))
        assert side.address(first) == side.address(second)

    def test_a_number_that_was_never_started_is_not_found(self, side: Side, number: str) -> None:
        assert side.gateway.query(number=number).state is TradeState.NOT_FOUND

    def test_cancelling_on_the_page_leaves_it_waiting(self, side: Side, number: str) -> None:
        page = side.sandbox.visit(side.address(side.start(number)))
        side.sandbox._http.post(str(page.url), data={"action": "cancel"})
        assert side.gateway.query(number=number, ref=side.ref(number)).state is TradeState.WAITING

    def test_another_providers_method_is_refused(self, side: Side, number: str) -> None:
        strange = next(method for method in METHODS if method not in side.methods)
        with pytest.raises(ValueError, match="is not"):
            side.start(number, method=strange)

    @pytest.mark.parametrize("amount", [Money(0), Money(-1)])
    def test_only_positive_amounts_are_asked_for(
        self, side: Side, number: str, amount: Money
    ) -> None:
        with pytest.raises(ValueError, match="positive amounts"):
            side.start(number, amount=amount)


class TestClosing:
    def test_a_waiting_one_is_closed_and_cannot_be_paid(self, side: Side, number: str) -> None:
        page = side.sandbox.visit(side.address(side.start(number)))
        assert side.gateway.close(number=number, ref=side.ref(number)) is TradeState.CLOSED
        assert side.gateway.close(number=number, ref=side.ref(number)) is TradeState.CLOSED
        side.sandbox._http.post(str(page.url), data={"action": "pay"})
        assert side.gateway.query(number=number, ref=side.ref(number)).state is TradeState.CLOSED

    def test_one_that_was_never_started_is_not_found(self, side: Side, number: str) -> None:
        assert side.gateway.close(number=number) is TradeState.NOT_FOUND

    def test_a_paid_one_is_not_closed(self, side: Side, number: str) -> None:
        side.buy(number)
        with pytest.raises(TradeAlreadyPaid):
            side.gateway.close(number=number, ref=side.ref(number))
        assert side.gateway.query(number=number, ref=side.ref(number)).state is TradeState.PAID


class TestRefunding:
    def test_refunds_add_up_to_what_was_paid_and_no_further(self, side: Side, number: str) -> None:
        side.buy(number)
        first = new_number("R")
        assert side.refund(number, first, Money.of("100.00")).state is RefundState.DONE
        assert side.refund(number, first, Money.of("100.00")).state is RefundState.DONE
        assert side.refunded(number) == Money.of("100.00"), "again, but not twice"
        with pytest.raises(ProviderError):
            side.refund(number, first, Money.of("100.01"))
        with pytest.raises(ProviderError) as refused:
            side.refund(number, new_number("R"), Money.of("28.51"))
        assert refused.value.permanent
        assert side.refunded(number) == Money.of("100.00")

        last = new_number("R")
        assert side.refund(number, last, PARTIAL).state is RefundState.DONE
        assert side.refunded(number) == AMOUNT
        known = side.gateway.query_refund(number=number, request_no=last, ref=side.ref(number))
        assert (known.state, known.amount) == (RefundState.DONE, PARTIAL)
        assert known.refunded_at is not None
        assert abs(known.refunded_at - clock.now()) < timedelta(seconds=10)

    def test_one_that_was_taken_but_is_not_done_is_pending(self, side: Side, number: str) -> None:
        side.buy(number)
        side.sandbox.fault(side.name, "refund_pending", seconds=1)
        request_no = new_number("R")
        assert side.refund(number, request_no).state is RefundState.PENDING
        until(lambda: side.refund(number, request_no).state is RefundState.DONE, seconds=4)
        assert side.refunded(number) == AMOUNT

    def test_a_rejected_one_moves_nothing_and_is_not_known(self, side: Side, number: str) -> None:
        side.buy(number)
        params: dict[str, Any] = (
            {} if side.name != "stripe" else {"code": "refund_disputed_payment"}
        )
        side.sandbox.fault(side.name, "refund_rejected", **params)
        request_no = new_number("R")
        with pytest.raises(ProviderError) as refused:
            side.refund(number, request_no)
        assert refused.value.permanent and not isinstance(refused.value, OutcomeUnknown)
        known = side.gateway.query_refund(
            number=number, request_no=request_no, ref=side.ref(number)
        )
        assert known.state is RefundState.NOT_FOUND
        assert side.refunded(number) == Money.zero()

    @pytest.mark.parametrize(
        ("name", "fault"), [("wechat", "refund_closes"), ("stripe", "refund_fails")]
    )
    def test_one_that_the_provider_gives_up_has_failed(
        self, open_side: Callable[[str], Side], number: str, name: str, fault: str
    ) -> None:
        side = open_side(name)
        side.buy(number)
        side.sandbox.fault(name, fault, seconds=0.5)
        request_no = new_number("R")
        assert side.refund(number, request_no).state is RefundState.PENDING

        def known() -> RefundState:
            return side.gateway.query_refund(
                number=number, request_no=request_no, ref=side.ref(number)
            ).state

        until(lambda: known() is RefundState.FAILED, seconds=4)
        assert side.refunded(number) == Money.zero()

    def test_an_unpaid_one_is_not_refunded(self, side: Side, number: str) -> None:
        side.sandbox.visit(side.address(side.start(number)))
        with pytest.raises(ProviderError):
            side.refund(number, new_number("R"))

    def test_an_unknown_one_is_not_found(self, side: Side, number: str) -> None:
        request_no = new_number("R")
        missing = side.gateway.query_refund(number=number, request_no=request_no)
        assert missing.state is RefundState.NOT_FOUND
        side.buy(number)
        missing = side.gateway.query_refund(
            number=number, request_no=request_no, ref=side.ref(number)
        )
        assert (missing.state, missing.amount) == (RefundState.NOT_FOUND, None)


class TestTheGatewayMisbehaves:
    @pytest.mark.parametrize(
        ("fault", "params"),
        [
            ("gateway_500", {}),
            ("gateway_busy", {}),
            ("gateway_busy_after", {}),
            ("gateway_timeout_before", {"seconds": 2}),
            ("gateway_timeout_after", {"seconds": 2}),
        ],
    )
    def test_a_refund_whose_answer_is_lost_is_never_refused_for_good_and_repeated_safely(
        self, side: Side, number: str, fault: str, params: dict[str, Any]
    ) -> None:
        side.buy(number)
        match = {"path": "/v1/refunds", "method": "POST"} if side.name == "stripe" else {}
        side.sandbox.fault(side.name, fault, match=match, **params)
        request_no = new_number("R")
        with pytest.raises(ProviderError) as error:
            side.refund(number, request_no)
        assert not error.value.permanent
        assert isinstance(error.value, OutcomeUnknown) or fault == "gateway_busy"
        assert [armed["used"] for armed in side.sandbox.faults()] == [1]
        assert side.refund(number, request_no).state is RefundState.DONE
        assert side.refunded(number) == AMOUNT

    @pytest.mark.parametrize("name", ["alipay", "wechat"])
    def test_an_answer_that_is_not_signed_well_is_not_believed(
        self, open_side: Callable[[str], Side], number: str, name: str
    ) -> None:
        side = open_side(name)
        side.buy(number)
        side.sandbox.fault(name, "gateway_bad_signature")
        with pytest.raises(OutcomeUnknown):
            side.gateway.query(number=number)
        assert side.gateway.query(number=number).state is TradeState.PAID

    def test_without_a_connection_nothing_was_sent(self, side: Side, number: str) -> None:
        with pytest.raises(ProviderError) as error:
            side.nowhere.query(number=number, ref="cs_test_1")
        assert not isinstance(error.value, OutcomeUnknown)
        assert not error.value.permanent


class TestNotifications:
    def refusal(self, side: Side, body: bytes, headers: dict[str, str]) -> Refusal:
        with pytest.raises(NotificationRefused) as refused:
            side.gateway.verify_notification(raw_body=body, headers=headers)
        assert refused.value.permanent
        return refused.value.reason

    def test_a_true_one_is_read_to_the_fen_and_the_same_again(
        self, side: Side, number: str
    ) -> None:
        side.buy(number)
        body, headers = side.notice(number)
        notice = side.gateway.verify_notification(raw_body=body, headers=headers)
        trade = side.gateway.query(number=number, ref=side.ref(number))
        assert (notice.kind, notice.number, notice.amount) == (NoticeKind.PAYMENT, number, AMOUNT)
        assert notice.provider_trade_no == trade.provider_trade_no
        assert notice.event_id
        lower = {name.lower(): value for name, value in headers.items()}
        assert side.gateway.verify_notification(raw_body=body, headers=lower) == notice

    def test_a_refund_is_told_apart_from_a_payment(self, side: Side, number: str) -> None:
        side.buy(number)
        request_no = new_number("R")
        side.refund(number, request_no, PARTIAL)
        body, headers = side.refund_notice(number, request_no)
        notice = side.gateway.verify_notification(raw_body=body, headers=headers)
        assert notice.kind is NoticeKind.REFUND
        assert (notice.number, notice.refund_request_no) == (number, request_no)
        assert notice.amount == AMOUNT

    def test_what_is_not_signed_properly_and_now_is_refused(self, side: Side, number: str) -> None:
        side.buy(number)
        for signature, reason in side.signatures.items():
            body, headers = side.notice(number, signature=signature)
            assert self.refusal(side, body, headers) is reason, signature

    def test_every_change_of_the_body_is_noticed(self, side: Side, number: str) -> None:
        side.buy(number)
        body, headers = side.notice(number)
        # Alipay's signature stands in the body; the last bits of its base64 say nothing.
        signed = body.index(b"&sign=") if side.name == "alipay" else len(body)
        for at in range(0, signed, 7):
            altered = body[:at] + (b"0" if body[at : at + 1] != b"0" else b"1") + body[at + 1 :]
            self.refusal(side, altered, headers)

    def test_another_accounts_word_is_refused(
        self, side: Side, number: str, sandbox: Sandbox
    ) -> None:
        register: dict[str, Callable[[], Any]] = {
            "alipay": sandbox.register_merchant,
            "wechat": sandbox.register_wechat,
            "stripe": sandbox.register_stripe,
        }
        other = type(side).open(sandbox, register[side.name]())  # type: ignore[attr-defined]
        other.buy(number)
        body, headers = other.notice(number)
        reason = self.refusal(side, body, headers)
        assert reason in (Refusal.BAD_SIGNATURE, Refusal.FOREIGN_KEY)

    @pytest.mark.parametrize("body", [b"", b"hello", b"{}", b"\xff", b"0" * 200_000])
    def test_nonsense_is_refused(self, side: Side, body: bytes) -> None:
        self.refusal(side, body, {})

    def test_each_is_delivered_until_it_is_taken(
        self,
        side: Side,
        number: str,
        sandbox: Sandbox,
        merchants: dict[str, Any],
        listener: Listener,
    ) -> None:
        if side.name == "stripe":
            sandbox.register_stripe(account=merchants["stripe"].account, webhook_url=listener.url)
        side.buy(number, notify_url=listener.url)
        until(lambda: listener.bodies)
        notice = side.gateway.verify_notification(
            raw_body=listener.bodies[0], headers=listener.headers[0]
        )
        assert (notice.kind, notice.number, notice.amount) == (NoticeKind.PAYMENT, number, AMOUNT)

    @pytest.mark.parametrize(
        ("fault", "reason"),
        [
            ("notify_forged", Refusal.BAD_SIGNATURE),
            ("notify_unsigned", Refusal.UNSIGNED),
            ("notify_wrong_amount", None),
            ("notify_unknown_order", None),
        ],
    )
    def test_a_false_one_comes_instead_of_the_true_one(
        self,
        side: Side,
        number: str,
        sandbox: Sandbox,
        merchants: dict[str, Any],
        listener: Listener,
        fault: str,
        reason: Refusal | None,
    ) -> None:
        if side.name == "stripe":
            sandbox.register_stripe(account=merchants["stripe"].account, webhook_url=listener.url)
        sandbox.fault(side.name, fault)
        side.buy(number, notify_url=listener.url)
        until(lambda: listener.bodies)
        body, headers = listener.bodies[0], listener.headers[0]
        if reason is not None:
            assert self.refusal(side, body, headers) is reason
            return
        notice = side.gateway.verify_notification(raw_body=body, headers=headers)
        assert (notice.number, notice.amount) != (number, AMOUNT)


def test_wechats_own_browser_pays_only_what_we_have_signed(
    open_side: Callable[[str], Side], number: str
) -> None:
    side = open_side("wechat")
    started = side.start(number, method=Method.WECHAT_JSAPI)
    assert started.jsapi is not None
    assert set(started.jsapi) == {
        "appId",
        "timeStamp",
        "nonceStr",
        "package",
        "signType",
        "paySign",
    }
    refused = side.sandbox.visit(side.address(started).replace("timeStamp=", "timeStamp=1"))
    assert refused.status_code == 400 and "签名错误" in refused.text


def test_wechats_refund_that_needs_a_person_stays_pending_with_its_word(
    open_side: Callable[[str], Side], number: str
) -> None:
    side = open_side("wechat")
    side.buy(number)
    side.sandbox.fault("wechat", "refund_abnormal", seconds=0)
    known = side.refund(number, new_number("R"))
    assert (known.state, known.detail) == (RefundState.PENDING, "ABNORMAL")


def test_at_stripe_a_session_whose_name_was_lost_is_found_by_our_number(
    open_side: Callable[[str], Side], number: str
) -> None:
    side = open_side("stripe")
    side.sandbox.fault("stripe", "gateway_timeout_after", seconds=2)
    with pytest.raises(OutcomeUnknown):
        side.start(number)
    assert side.gateway.query(number=number).state is TradeState.WAITING
    side.sandbox.pay(number, provider="stripe")
    assert side.gateway.query(number=number).state is TradeState.PAID
    assert side.refund(number, new_number("R")).state is RefundState.DONE


def test_an_event_at_stripe_that_is_no_payment_is_taken_as_other(
    open_side: Callable[[str], Side], number: str
) -> None:
    side = open_side("stripe")
    side.buy(number)
    body, headers = side.notice(number, type="payout.paid")
    notice = side.gateway.verify_notification(raw_body=body, headers=headers)
    assert (notice.kind, notice.number) == (NoticeKind.OTHER, "")
