"""WeChat Pay, APIv3 in public-key mode: Native, H5 and JSAPI by the client library, notices by ours."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from datetime import date, datetime
from http import HTTPStatus
from typing import Any, ClassVar
from urllib.parse import quote

import requests
from wechatpayv3 import WeChatPayType

from billing.payments.enums import Method
from shared_apps.kernel import clock
from shared_apps.kernel.errors import OutcomeUnknown, ProviderError
from shared_apps.kernel.money import DEFAULT_CURRENCY, Money

from . import wechat_bill, wechat_notices, wechat_sdk
from .alipay_keys import CHINA
from .base import (
    Bill,
    BillMissing,
    GatewayRefund,
    GatewayTrade,
    Notification,
    RefundState,
    Reply,
    Started,
    TradeAlreadyPaid,
    TradeState,
)
from .transport import broken
from .wechat_notices import WechatAccount, moment

CONNECT_SECONDS, READ_SECONDS = 3.0, 10.0
LONGEST_SUBJECT = 127  # bytes of UTF-8
LONGEST_REASON = 80

_JSON = "application/json; charset=utf-8"
_PAY_TYPES = {
    Method.WECHAT_NATIVE: WeChatPayType.NATIVE,
    Method.WECHAT_H5: WeChatPayType.H5,
    Method.WECHAT_JSAPI: WeChatPayType.JSAPI,
}
# REFUND: paid, and something of it went back. REVOKED and PAYERROR are of codes held to a scanner.
_STATES = {
    "SUCCESS": TradeState.PAID,
    "REFUND": TradeState.PAID,
    "NOTPAY": TradeState.WAITING,
    "USERPAYING": TradeState.WAITING,
    "PAYERROR": TradeState.WAITING,
    "CLOSED": TradeState.CLOSED,
    "REVOKED": TradeState.CLOSED,
}
_REFUND_STATES = {
    "SUCCESS": RefundState.DONE,
    "PROCESSING": RefundState.PENDING,
    "ABNORMAL": RefundState.PENDING,  # the buyer's card is gone: somebody must act at WeChat
    "CLOSED": RefundState.FAILED,
}
_NO_TRADE = frozenset({"ORDER_NOT_EXIST", "ORDERNOTEXIST"})
_NO_REFUND = frozenset({"RESOURCE_NOT_EXISTS"})
# The same request may be granted later: no money in the account, too often, a key to be mended.
_MENDABLE = frozenset({"NOT_ENOUGH", "NOTENOUGH", "FREQUENCY_LIMITED", "SIGN_ERROR", "NO_AUTH"})
_UNSURE = frozenset({"SYSTEM_ERROR", "SYSTEMERROR", "BIZERR_NEED_RETRY"})


class Refused(ProviderError):
    """WeChat answered that it will not; `word` is its own for why."""

    code = "payments.wechat_refused"

    def __init__(self, *, word: str, detail: str, permanent: bool) -> None:
        super().__init__(permanent=permanent, detail=detail, word=word)
        self.word = word


class WechatGateway:
    kind: ClassVar[str] = "wechat"
    accepted_answer: ClassVar[Reply] = Reply(
        '{"code":"SUCCESS","message":"成功"}', content_type=_JSON
    )
    refused_answer: ClassVar[Reply] = Reply(
        '{"code":"FAIL","message":"失败"}', status=HTTPStatus.BAD_REQUEST, content_type=_JSON
    )

    def __init__(
        self, account: WechatAccount, *, timeout: tuple[float, float] | None = None
    ) -> None:
        """Raises ValueError for keys that cannot be used."""
        self._account = account
        self._verifier = wechat_sdk.Verifier(
            public_key=account.public_key, public_key_id=account.public_key_id
        )
        self._client = wechat_sdk.build_client(
            mchid=account.mchid,
            appid=account.appid,
            serial_no=account.serial_no,
            private_key=account.private_key,
            api_v3_key=account.api_v3_key,
            public_key=account.public_key,
            public_key_id=account.public_key_id,
            gateway_url=account.gateway_url,
            timeout=timeout or (CONNECT_SECONDS, READ_SECONDS),
            verifier=self._verifier,
        )

    def start(
        self,
        *,
        method: Method,
        number: str,
        amount: Money,
        subject: str,
        notify_url: str,
        return_url: str,
        expires_at: datetime,
        payer_ip: str = "",
        openid: str = "",
    ) -> Started:
        if method not in _PAY_TYPES:
            raise ValueError(f"{method} is not WeChat Pay's.")
        more: dict[str, Any] = {}
        if method is Method.WECHAT_H5:
            more["scene_info"] = {"payer_client_ip": payer_ip, "h5_info": {"type": "Wap"}}
        elif method is Method.WECHAT_JSAPI:
            more["payer"] = {"openid": openid}
        answer = self._call(
            self._client.pay,
            description=subject.encode()[:LONGEST_SUBJECT].decode(errors="ignore"),
            out_trade_no=number,
            amount={"total": _fen(amount), "currency": amount.currency},
            time_expire=expires_at.astimezone(CHINA).isoformat(timespec="seconds"),
            notify_url=notify_url,
            pay_type=_PAY_TYPES[method],
            **more,
        )
        if method is Method.WECHAT_NATIVE:
            return Started(qr_content=_text(answer, "code_url"))
        if method is Method.WECHAT_H5:
            back = f"&redirect_url={quote(return_url, safe='')}" if return_url else ""
            return Started(redirect_url=_text(answer, "h5_url") + back)
        return Started(jsapi=self._for_bridge(_text(answer, "prepay_id")))

    def _for_bridge(self, prepay_id: str) -> dict[str, str]:
        """What the page hands to WeChat's own browser: signed by us, so that no one else can ask."""
        stamp, nonce = str(int(clock.now().timestamp())), secrets.token_hex(16)
        package = f"prepay_id={prepay_id}"
        return {
            "appId": self._account.appid,
            "timeStamp": stamp,
            "nonceStr": nonce,
            "package": package,
            "signType": "RSA",
            "paySign": self._client.sign([self._account.appid, stamp, nonce, package]),
        }

    def query(self, *, number: str, ref: str = "") -> GatewayTrade:
        try:
            answer = self._call(self._client.query, out_trade_no=number)
        except Refused as refused:
            if refused.word in _NO_TRADE:
                return GatewayTrade(number=number, state=TradeState.NOT_FOUND)
            raise
        state = _STATES.get(_text(answer, "trade_state"))
        ours = (self._account.appid, self._account.mchid, number)
        if (
            state is None
            or (answer.get("appid"), answer.get("mchid"), answer["out_trade_no"]) != ours
        ):
            raise OutcomeUnknown(detail=f"An answer that cannot be read: {answer['trade_state']}")
        told = "amount" in answer or state is TradeState.PAID  # it may not be told of an unpaid one
        return GatewayTrade(
            number=number,
            state=state,
            amount=_money(answer, "total") if told else None,
            provider_trade_no=str(answer.get("transaction_id") or ""),
            paid_at=moment(answer.get("success_time")),
        )

    def close(self, *, number: str, ref: str = "") -> TradeState:
        try:
            self._call(self._client.close, out_trade_no=number)
        except Refused as refused:
            if refused.word in _NO_TRADE:
                return TradeState.NOT_FOUND
            known = self.query(number=number).state
            if known is TradeState.PAID:
                raise TradeAlreadyPaid(number=number, detail=refused.detail) from refused
            if known is TradeState.CLOSED:
                return known
            raise
        return TradeState.CLOSED

    def refund(
        self,
        *,
        number: str,
        request_no: str,
        amount: Money,
        total: Money,
        reason: str,
        notify_url: str = "",
        ref: str = "",
    ) -> GatewayRefund:
        answer = self._call(
            self._client.refund,
            out_refund_no=request_no,
            out_trade_no=number,
            amount={"refund": _fen(amount), "total": _fen(total), "currency": amount.currency},
            reason=reason.encode()[:LONGEST_REASON].decode(errors="ignore"),
            notify_url=notify_url,
        )
        known = self._refund(answer, number, request_no)
        if known.amount != amount:
            raise OutcomeUnknown(detail=f"Refund {request_no} was of {known.amount}.")
        return known

    def query_refund(self, *, number: str, request_no: str, ref: str = "") -> GatewayRefund:
        try:
            answer = self._call(self._client.query_refund, out_refund_no=request_no)
        except Refused as refused:
            if refused.word in _NO_REFUND:
                return GatewayRefund(number, request_no, RefundState.NOT_FOUND)
            raise
        return self._refund(answer, number, request_no)

    def _refund(self, answer: Mapping[str, Any], number: str, request_no: str) -> GatewayRefund:
        status = _text(answer, "status")
        state = _REFUND_STATES.get(status)
        if state is None or (answer.get("out_trade_no"), answer.get("out_refund_no")) != (
            number,
            request_no,
        ):
            raise OutcomeUnknown(detail="The answer is about another refund.")
        return GatewayRefund(
            number=number,
            request_no=request_no,
            state=state,
            amount=_money(answer, "refund"),
            refunded_at=moment(answer.get("success_time")),
            detail=status if status in ("ABNORMAL", "CLOSED") else "",
        )

    def verify_notification(self, *, raw_body: bytes, headers: Mapping[str, str]) -> Notification:
        return wechat_notices.read(
            self._account, self._verifier, raw_body=raw_body, headers=headers, at=clock.now()
        )

    def daily_bill(self, *, day: date) -> Bill:
        try:
            told = self._call(self._client.trade_bill, bill_date=day.isoformat())
        except Refused as refused:
            if refused.word in wechat_bill.MISSING:
                raise BillMissing(day=day, detail=refused.detail) from refused
            raise
        url = _text(told, "download_url")
        if not url.startswith(f"{self._account.gateway_url.rstrip('/')}/"):
            raise OutcomeUnknown(detail="The bill lies at a stranger's.")
        status, packed = self._send(self._client.download_bill, url=url)
        if status != HTTPStatus.OK or not isinstance(packed, bytes):
            raise OutcomeUnknown(detail=f"The bill did not come: HTTP {status}")
        return wechat_bill.read(
            packed,
            day=day,
            hash_type=str(told.get("hash_type")),
            hash_value=str(told.get("hash_value")),
        )

    def _send(self, action: Any, **arguments: Any) -> tuple[int, str | bytes]:
        try:
            status, content = action(**arguments)
        except requests.RequestException as error:
            raise broken(error) from error
        except wechat_sdk.NotSigned as error:
            raise OutcomeUnknown(detail=f"The answer is not WeChat's: {error}") from error
        return status, content

    def _call(self, action: Any, **arguments: Any) -> dict[str, Any]:
        """One signed call. What is not proved to be WeChat's own answer is an unknown outcome."""
        status, content = self._send(action, **arguments)
        try:
            answer = json.loads(content) if content else {}
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise OutcomeUnknown(detail=f"HTTP {status}, which cannot be read.")
        if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            return answer
        word = str(answer.get("code") or "")
        detail = f"{status} {word} {answer.get('message') or ''}".strip()[:300]
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or word in _UNSURE or not word:
            raise OutcomeUnknown(detail=detail)
        raise Refused(
            word=word,
            detail=detail,
            permanent=word not in _MENDABLE and status != HTTPStatus.UNAUTHORIZED,
        )


def _fen(amount: Money) -> int:
    if amount.currency != DEFAULT_CURRENCY or amount.minor <= 0:
        raise ValueError(f"WeChat Pay takes positive amounts of {DEFAULT_CURRENCY}.")
    return amount.minor


def _text(answer: Mapping[str, Any], key: str) -> str:
    value = answer.get(key)
    if not isinstance(value, str) or not value:
        raise OutcomeUnknown(detail=f"The answer lacks {key}.")
    return value


def _money(answer: Mapping[str, Any], key: str) -> Money:
    amount = answer.get("amount")
    if not isinstance(amount, dict) or not isinstance(amount.get(key), int):
        raise OutcomeUnknown(detail="An amount that cannot be read.")
    return Money(amount[key], str(amount.get("currency", DEFAULT_CURRENCY)))
