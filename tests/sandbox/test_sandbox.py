"""The simulator itself: strict where the real ones are strict, and the same after a restart."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.test import override_settings

from billing.payments.enums import Method
from billing.payments.gateways.alipay import AlipayGateway
from billing.payments.gateways.alipay_notices import AlipayAccount
from billing.payments.gateways.base import TradeState
from shared_apps.identity.sms import SmsRefused, send_sms
from shared_apps.kernel import clock
from shared_apps.kernel.errors import OutcomeUnknown, ProviderError
from shared_apps.kernel.ids import number as new_number
from shared_apps.kernel.money import Money
from tests.sandbox_process import (
    SMS_KEY_ID,
    SMS_KEY_SECRET,
    Listener,
    Merchant,
    Sandbox,
    until,
)

PLAN = {"sku": "t4-x1", "plan_id": "p-1", "name": "T4 × 1"}


def gateway(merchant: Merchant) -> AlipayGateway:
    return AlipayGateway(
        AlipayAccount(
            app_id=merchant.app_id,
            seller_id=merchant.seller_id,
            private_key=merchant.private_key,
            alipay_public_key=merchant.alipay_public_key,
            gateway_url=merchant.gateway_url,
        ),
        timeout=3,
    )


def page_pay(merchant: Merchant, number: str, *, notify_url: str = "") -> str:
    return (
        gateway(merchant)
        .start(
            method=Method.ALIPAY_PAGE,
            number=number,
            amount=Money.of("9.90"),
            subject="<b>算力</b>",
            notify_url=notify_url,
            return_url="",
            expires_at=clock.now() + timedelta(minutes=5),
        )
        .redirect_url
    )


class TestItself:
    def test_health_front_page_and_inbox_answer(self, sandbox: Sandbox) -> None:
        assert sandbox.visit("/healthz").json()["ok"] is True
        assert "模拟环境控制台" in sandbox.visit("/").text
        assert "收件箱" in sandbox.visit("/inbox/").text
        assert sandbox.visit("/no-such-page").status_code == 404

    def test_it_remembers_everything_after_a_restart(self, tmp_path: Path) -> None:
        first = Sandbox.start(tmp_path)
        merchant = first.register_merchant()
        number = new_number("P")
        try:
            first.visit(page_pay(merchant, number))
            first.put_catalog("north", [PLAN])
            first.fault("sms", "lost")
        finally:
            first.stop()
        port = first.base_url.rpartition(":")[2]
        second = Sandbox.start(tmp_path, SANDBOX_PORT=port)
        try:
            second.pay(number)
            assert gateway(merchant).query(number=number).state is TradeState.PAID
            assert second.instances("north") == []
            assert [fault["fault"] for fault in second.faults()] == ["lost"]
        finally:
            second.stop()

    def test_a_notice_that_waits_is_delivered_after_a_restart(
        self, tmp_path: Path, listener: Listener
    ) -> None:
        number = new_number("P")
        first = Sandbox.start(tmp_path)
        try:
            merchant = first.register_merchant()
            first.fault("alipay", "notify_late", seconds=1.5)
            first.visit(page_pay(merchant, number, notify_url=listener.url))
            first.pay(number)
        finally:
            first.stop()
        assert listener.bodies == []
        second = Sandbox.start(tmp_path)
        try:
            until(lambda: listener.bodies)
        finally:
            second.stop()

    def test_registering_a_merchant_again_keeps_its_keys(self, sandbox: Sandbox) -> None:
        first = sandbox.register_merchant()
        second = sandbox.register_merchant(first.app_id)
        assert first.seller_id == second.seller_id
        assert first.alipay_public_key == second.alipay_public_key
        number = new_number("P")
        assert gateway(second).query(number=number).state is TradeState.NOT_FOUND
        with pytest.raises(ProviderError):
            gateway(first).query(number=number)

    def test_what_a_merchant_writes_is_not_markup(self, sandbox: Sandbox) -> None:
        page = sandbox.visit(page_pay(sandbox.register_merchant(), new_number("P")))
        assert "&lt;b&gt;" in page.text and "<b>算力" not in page.text


class TestFaults:
    def test_they_are_counted_and_cleared(self, sandbox: Sandbox) -> None:
        kept = sandbox.fault("osb", "delay", times=None)
        sandbox.fault("osb", "error_500", times=2, match={"supplier": "x"})
        assert [(f["fault"], f["remaining"]) for f in sandbox.faults()] == [
            ("delay", None),
            ("error_500", 2),
        ]
        sandbox._json("DELETE", f"/admin/faults/{kept}")
        assert len(sandbox.faults()) == 1
        sandbox.clear()
        assert sandbox.faults() == []

    def test_a_fault_that_does_not_exist_is_refused(self, sandbox: Sandbox) -> None:
        with pytest.raises(httpx.HTTPStatusError) as refused:
            sandbox.fault("osb", "explode")
        assert "osb/error_500" in refused.value.response.json()["detail"]

    def test_a_person_can_set_one_on_the_front_page(self, sandbox: Sandbox) -> None:
        form = {"kind": "sms/limited", "times": "3", "match": '{"to":"1"}', "params": ""}
        assert sandbox._http.post("/faults", data=form).status_code == 303
        (fault,) = sandbox.faults()
        assert (fault["fault"], fault["remaining"], fault["match"]) == ("limited", 3, {"to": "1"})
        assert "返回业务限流" in sandbox.visit("/").text
        sandbox._http.post("/faults/clear", data={"id": str(fault["id"])})
        assert sandbox.faults() == []


class TestNotify:
    def test_two_hundred_copies_are_posted(self, sandbox: Sandbox, listener: Listener) -> None:
        number = new_number("P")
        sandbox.visit(page_pay(sandbox.register_merchant(), number))
        sandbox.pay(number)
        sent = sandbox.notify(number, url=listener.url, times=200, concurrency=20)
        assert [d["answer"] for d in sent["deliveries"]] == ["success"] * 200
        assert set(listener.bodies) == {sent["body"].encode()}

    def test_an_unknown_trade_is_not_found(self, sandbox: Sandbox) -> None:
        for act in (sandbox.pay, sandbox.notify):
            with pytest.raises(httpx.HTTPStatusError) as refused:
                act("NO-SUCH-NUMBER")
            assert refused.value.response.status_code == 404


class TestMessages:
    @pytest.fixture(autouse=True)
    def configured(self, sandbox: Sandbox) -> Iterator[None]:
        with override_settings(
            SMS_ENDPOINT=sandbox.base_url.removeprefix("http://"),
            SMS_PROTOCOL="http",
            SMS_ACCESS_KEY_ID=SMS_KEY_ID,
            SMS_ACCESS_KEY_SECRET=SMS_KEY_SECRET,
            SMS_SIGN_NAME="算力供需对接",
        ):
            yield

    def send(self, phone: str, code: str = "482915") -> str:
        return send_sms(phone=phone, template_code="SMS_LOGIN", params={"code": code})

    def test_a_text_message_arrives(self, sandbox: Sandbox) -> None:
        assert self.send("13800000001")
        (message, *_) = sandbox.inbox("13800000001")
        assert message["params"] == {"code": "482915"}
        assert message["text"] == "【算力供需对接】验证码 482915（模板 SMS_LOGIN）"
        assert "482915" in sandbox.visit("/inbox/?to=13800000001").text
        assert "482915" not in sandbox.visit("/inbox/?to=13800000009").text

    def test_a_template_gives_it_its_words(self, sandbox: Sandbox) -> None:
        sandbox._json(
            "PUT", "/admin/sms/templates/SMS_WORDS", json={"text": "验证码 ${code}，请勿告知他人。"}
        )
        send_sms(phone="13800000002", template_code="SMS_WORDS", params={"code": "123456"})
        assert sandbox.inbox("13800000002")[0]["text"].endswith("】验证码 123456，请勿告知他人。")

    @pytest.mark.parametrize(
        ("settings", "code"),
        [
            ({"SMS_ACCESS_KEY_SECRET": "wrong"}, "SignatureDoesNotMatch"),
            ({"SMS_ACCESS_KEY_ID": "stranger"}, "InvalidAccessKeyId.NotFound"),
        ],
    )
    def test_a_wrong_key_is_refused(
        self, sandbox: Sandbox, settings: dict[str, str], code: str
    ) -> None:
        with override_settings(**settings), pytest.raises(SmsRefused) as refused:
            self.send("13800000003")
        assert (refused.value.provider_code, refused.value.permanent) == (code, True)
        assert sandbox.inbox("13800000003") == []

    def test_without_a_key_nothing_is_tried(self) -> None:
        with override_settings(SMS_ACCESS_KEY_ID=""), pytest.raises(ProviderError) as refused:
            self.send("13800000003")
        assert refused.value.permanent

    def test_a_number_that_is_none_is_refused(self, sandbox: Sandbox) -> None:
        with pytest.raises(SmsRefused) as refused:
            self.send("12345")
        assert refused.value.provider_code == "isv.MOBILE_NUMBER_ILLEGAL"

    def test_the_limit_is_to_be_tried_later(self, sandbox: Sandbox) -> None:
        sandbox.fault("sms", "limited", match={"to": "13800000004"})
        with pytest.raises(SmsRefused) as refused:
            self.send("13800000004")
        assert not refused.value.permanent

    @pytest.mark.parametrize("fault", ["error_500", "timeout"])
    def test_no_proper_answer_is_unknown(
        self, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, fault: str
    ) -> None:
        monkeypatch.setattr("shared_apps.identity.sms.READ_MS", 1000)
        params: dict[str, Any] = {"seconds": 2} if fault == "timeout" else {}
        sandbox.fault("sms", fault, **params)
        with pytest.raises(OutcomeUnknown):
            self.send("13800000005")
        assert [f["used"] for f in sandbox.faults()] == [1], "and it was tried once only"

    def test_a_lost_message_looks_sent(self, sandbox: Sandbox) -> None:
        sandbox.fault("sms", "lost")
        assert self.send("13800000006")
        assert sandbox.inbox("13800000006") == []

    def test_a_letter_arrives(self, sandbox: Sandbox) -> None:
        letter = EmailMessage()
        letter["From"], letter["To"] = "shop@north.example", "buyer@example.com"
        letter["Subject"] = "您的资源已开通"
        letter.set_content("可以进入了。")
        with smtplib.SMTP("127.0.0.1", sandbox.smtp_port) as smtp:
            smtp.send_message(letter)
        (message,) = sandbox.inbox("buyer@example.com")
        assert (message["subject"], message["text"].strip()) == ("您的资源已开通", "可以进入了。")


def test_a_replayed_text_message_is_refused(sandbox: Sandbox) -> None:
    """The very bytes of a good request, sent again by somebody who has seen them."""
    import requests

    sent: list[Any] = []
    original = requests.Session.send

    def remember(self: Any, request: Any, **options: Any) -> Any:
        sent.append(request)
        return original(self, request, **options)

    with (
        override_settings(
            SMS_ENDPOINT=sandbox.base_url.removeprefix("http://"),
            SMS_PROTOCOL="http",
            SMS_ACCESS_KEY_ID=SMS_KEY_ID,
            SMS_ACCESS_KEY_SECRET=SMS_KEY_SECRET,
            SMS_SIGN_NAME="算力",
        ),
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(requests.Session, "send", remember)
        send_sms(phone="13800000007", template_code="SMS_LOGIN", params={"code": "1"})
    (request,) = sent
    again = httpx.post(request.url, headers=dict(request.headers), content=request.body or b"")
    assert again.json()["Code"] == "SignatureNonceUsed"
    elsewhere = request.url.replace("13800000007", "13800000008")
    changed = httpx.post(elsewhere, headers=dict(request.headers), content=request.body or b"")
    assert changed.json()["Code"] == "SignatureDoesNotMatch"
    assert len(sandbox.inbox("13800000007")) == 1
