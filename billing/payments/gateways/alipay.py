"""Alipay: page, phone page and QR by the official SDK, notifications by their raw body."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, ClassVar

from alipay.aop.api.domain.AlipayDataDataserviceBillDownloadurlQueryModel import (
    AlipayDataDataserviceBillDownloadurlQueryModel,
)
from alipay.aop.api.domain.AlipayTradeCloseModel import AlipayTradeCloseModel
from alipay.aop.api.domain.AlipayTradeFastpayRefundQueryModel import (
    AlipayTradeFastpayRefundQueryModel,
)
from alipay.aop.api.domain.AlipayTradePagePayModel import AlipayTradePagePayModel
from alipay.aop.api.domain.AlipayTradePrecreateModel import AlipayTradePrecreateModel
from alipay.aop.api.domain.AlipayTradeQueryModel import AlipayTradeQueryModel
from alipay.aop.api.domain.AlipayTradeRefundModel import AlipayTradeRefundModel
from alipay.aop.api.domain.AlipayTradeWapPayModel import AlipayTradeWapPayModel
from alipay.aop.api.exception.Exception import RequestException, ResponseException
from alipay.aop.api.request.AlipayDataDataserviceBillDownloadurlQueryRequest import (
    AlipayDataDataserviceBillDownloadurlQueryRequest,
)
from alipay.aop.api.request.AlipayTradeCloseRequest import AlipayTradeCloseRequest
from alipay.aop.api.request.AlipayTradeFastpayRefundQueryRequest import (
    AlipayTradeFastpayRefundQueryRequest,
)
from alipay.aop.api.request.AlipayTradePagePayRequest import AlipayTradePagePayRequest
from alipay.aop.api.request.AlipayTradePrecreateRequest import AlipayTradePrecreateRequest
from alipay.aop.api.request.AlipayTradeQueryRequest import AlipayTradeQueryRequest
from alipay.aop.api.request.AlipayTradeRefundRequest import AlipayTradeRefundRequest
from alipay.aop.api.request.AlipayTradeWapPayRequest import AlipayTradeWapPayRequest
from alipay.aop.api.response.AlipayDataDataserviceBillDownloadurlQueryResponse import (
    AlipayDataDataserviceBillDownloadurlQueryResponse,
)
from alipay.aop.api.response.AlipayTradeCloseResponse import AlipayTradeCloseResponse
from alipay.aop.api.response.AlipayTradeFastpayRefundQueryResponse import (
    AlipayTradeFastpayRefundQueryResponse,
)
from alipay.aop.api.response.AlipayTradePrecreateResponse import AlipayTradePrecreateResponse
from alipay.aop.api.response.AlipayTradeQueryResponse import AlipayTradeQueryResponse
from alipay.aop.api.response.AlipayTradeRefundResponse import AlipayTradeRefundResponse

from billing.payments.enums import Method
from shared_apps.kernel.errors import OutcomeUnknown, ProviderError
from shared_apps.kernel.money import DEFAULT_CURRENCY, Money

from . import alipay_bill, alipay_keys, alipay_notices, alipay_sdk
from .alipay_notices import STATES, AlipayAccount
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

TIMEOUT_SECONDS = 8
LONGEST_SUBJECT = 256

_PRODUCTS = {
    Method.ALIPAY_PAGE: (
        AlipayTradePagePayModel,
        AlipayTradePagePayRequest,
        "FAST_INSTANT_TRADE_PAY",
    ),
    Method.ALIPAY_WAP: (AlipayTradeWapPayModel, AlipayTradeWapPayRequest, "QUICK_WAP_WAY"),
    Method.ALIPAY_QR: (AlipayTradePrecreateModel, AlipayTradePrecreateRequest, ""),
}
_SUCCESS = "10000"
_UNAVAILABLE = "20000"
_BUSINESS = "40004"
_UNSURE = frozenset({"ACQ.SYSTEM_ERROR", "aop.ACQ.SYSTEM_ERROR", "isp.unknow-error"})
_NOT_EXIST = "ACQ.TRADE_NOT_EXIST"
_STATUS_ERROR = "ACQ.TRADE_STATUS_ERROR"


class Refused(ProviderError):
    """Alipay answered, signed, that it will not; `sub_code` is its own word for why."""

    code = "payments.alipay_refused"

    def __init__(self, *, sub_code: str, detail: str, permanent: bool = True) -> None:
        super().__init__(permanent=permanent, detail=detail, sub_code=sub_code)
        self.sub_code = sub_code


class AlipayGateway:
    kind: ClassVar[str] = "alipay"
    accepted_answer: ClassVar[Reply] = Reply("success")
    refused_answer: ClassVar[Reply] = Reply("failure")

    def __init__(self, account: AlipayAccount, *, timeout: float = TIMEOUT_SECONDS) -> None:
        """Raises ValueError for keys that cannot be used."""
        alipay_keys.public_key(account.alipay_public_key)
        self._account = account
        self._timeout = timeout
        self._client = alipay_sdk.build_client(
            app_id=account.app_id,
            private_key=alipay_keys.private_key_pem(account.private_key),
            alipay_public_key=account.alipay_public_key,
            gateway_url=account.gateway_url,
            timeout=timeout,
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
        """A page is an address that we sign ourselves: only the QR code asks Alipay something."""
        if method not in _PRODUCTS:
            raise ValueError(f"{method} is not Alipay's.")
        model_class, request_class, product_code = _PRODUCTS[method]
        model = model_class()
        model.out_trade_no = number
        model.total_amount = _yuan(amount)
        model.subject = subject[:LONGEST_SUBJECT]
        model.time_expire = alipay_keys.china_text(expires_at)
        request = request_class(biz_model=model)
        request.notify_url = notify_url
        if method is Method.ALIPAY_QR:
            answer = self._call(request, AlipayTradePrecreateResponse())
            if answer.out_trade_no != number or not answer.qr_code:
                raise OutcomeUnknown(detail="The answer is about another payment.")
            return Started(qr_content=str(answer.qr_code))
        model.product_code = product_code
        request.return_url = return_url
        return Started(redirect_url=str(self._client.page_execute(request, http_method="GET")))

    def query(self, *, number: str, ref: str = "") -> GatewayTrade:
        model = AlipayTradeQueryModel()
        model.out_trade_no = number
        try:
            answer = self._call(
                AlipayTradeQueryRequest(biz_model=model), AlipayTradeQueryResponse()
            )
        except Refused as refused:
            if refused.sub_code == _NOT_EXIST:
                return GatewayTrade(number=number, state=TradeState.NOT_FOUND)
            raise
        state = STATES.get(str(answer.trade_status))
        if answer.out_trade_no != number or state is None:
            raise OutcomeUnknown(detail=f"An answer that cannot be read: {answer.trade_status}")
        return GatewayTrade(
            number=number,
            state=state,
            amount=_money(answer.total_amount),
            provider_trade_no=str(answer.trade_no or ""),
            paid_at=alipay_keys.china_moment(str(answer.send_pay_date or "")),
        )

    def close(self, *, number: str, ref: str = "") -> TradeState:
        model = AlipayTradeCloseModel()
        model.out_trade_no = number
        try:
            self._call(AlipayTradeCloseRequest(biz_model=model), AlipayTradeCloseResponse())
        except Refused as refused:
            if refused.sub_code == _NOT_EXIST:
                return TradeState.NOT_FOUND
            if refused.sub_code == _STATUS_ERROR:
                if self.query(number=number).state is TradeState.PAID:
                    raise TradeAlreadyPaid(number=number, detail=refused.detail) from refused
                return TradeState.CLOSED
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
        model = AlipayTradeRefundModel()
        model.out_trade_no = number
        model.out_request_no = request_no
        model.refund_amount = _yuan(amount)
        model.refund_reason = reason[:LONGEST_SUBJECT]
        answer = self._call(AlipayTradeRefundRequest(biz_model=model), AlipayTradeRefundResponse())
        if answer.out_trade_no != number:
            raise OutcomeUnknown(detail="The answer is about another payment.")
        if answer.fund_change == "Y":
            return GatewayRefund(
                number=number, request_no=request_no, state=RefundState.DONE, amount=amount
            )
        # "N": not this time, because it was done before, or because it is not done yet.
        try:
            known = self.query_refund(number=number, request_no=request_no)
        except Refused as refused:  # the question was refused, not the refund
            raise OutcomeUnknown(detail=refused.detail) from refused
        if known.state is RefundState.NOT_FOUND:
            return GatewayRefund(
                number=number, request_no=request_no, state=RefundState.PENDING, amount=amount
            )
        if known.state is RefundState.DONE and known.amount != amount:
            raise OutcomeUnknown(detail=f"Refund {request_no} was of {known.amount}.")
        return known

    def query_refund(self, *, number: str, request_no: str, ref: str = "") -> GatewayRefund:
        model = AlipayTradeFastpayRefundQueryModel()
        model.out_trade_no = number
        model.out_request_no = request_no
        model.query_options = ["gmt_refund_pay"]
        request = AlipayTradeFastpayRefundQueryRequest(biz_model=model)
        try:
            answer = self._call(request, AlipayTradeFastpayRefundQueryResponse())
        except Refused as refused:
            if refused.sub_code == _NOT_EXIST:
                return GatewayRefund(number, request_no, RefundState.NOT_FOUND)
            raise
        if answer.out_request_no is None:
            return GatewayRefund(number, request_no, RefundState.NOT_FOUND)
        if (answer.out_trade_no, answer.out_request_no) != (number, request_no):
            raise OutcomeUnknown(detail="The answer is about another refund.")
        # Alipay: no status means that the request has not arrived, has failed, or is not done yet.
        done = answer.refund_status == "REFUND_SUCCESS"
        return GatewayRefund(
            number=number,
            request_no=request_no,
            state=RefundState.DONE if done else RefundState.PENDING,
            amount=_money(answer.refund_amount) if answer.refund_amount else None,
            refunded_at=alipay_keys.china_moment(str(answer.gmt_refund_pay or "")),
        )

    def daily_bill(self, *, day: date) -> Bill:
        model = AlipayDataDataserviceBillDownloadurlQueryModel()
        model.bill_type = "trade"
        model.bill_date = day.isoformat()
        request = AlipayDataDataserviceBillDownloadurlQueryRequest(biz_model=model)
        try:
            answer = self._call(request, AlipayDataDataserviceBillDownloadurlQueryResponse())
        except Refused as refused:
            if refused.sub_code == alipay_bill.MISSING:
                raise BillMissing(day=day, detail=refused.detail) from refused
            raise
        raw = alipay_bill.fetch(str(answer.bill_download_url), timeout=self._timeout)
        return alipay_bill.read(raw, day=day)

    def verify_notification(self, *, raw_body: bytes, headers: Mapping[str, str]) -> Notification:
        return alipay_notices.read(self._account, raw_body=raw_body)

    def _call(self, request: Any, response: Any) -> Any:
        """One signed call. What is not proved to be Alipay's own answer is an unknown outcome."""
        try:
            content = self._client.execute(request)
            response.parse_response_content(content)
        except RequestException as error:
            if "post request failed" in str(error):
                raise OutcomeUnknown(detail="The request was broken off.") from error
            raise ProviderError(permanent=False, detail="The request was not sent.") from error
        except ResponseException as error:
            detail = f"The answer is not signed by Alipay: {error}"[:300]
            raise OutcomeUnknown(detail=detail) from error
        except alipay_sdk.BadStatus as error:
            raise OutcomeUnknown(detail=str(error)) from error
        except (OSError, http.client.HTTPException) as error:
            raise OutcomeUnknown(detail=f"No answer: {type(error).__name__}") from error
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise OutcomeUnknown(detail="The answer cannot be read.") from error
        if response.code == _SUCCESS:
            return response
        sub_code = str(response.sub_code or "")
        detail = f"{response.code} {sub_code} {response.sub_msg or response.msg or ''}".strip()
        if response.code == _UNAVAILABLE or sub_code in _UNSURE:
            raise OutcomeUnknown(detail=detail)
        # Only business failures are final. A wrong key or a missing permission may be mended, and
        # says nothing of what an earlier call of the same number has done.
        raise Refused(sub_code=sub_code, detail=detail, permanent=response.code == _BUSINESS)


def _yuan(amount: Money) -> str:
    if amount.currency != DEFAULT_CURRENCY or amount.minor <= 0:
        raise ValueError(f"Alipay takes positive amounts of {DEFAULT_CURRENCY}.")
    return f"{amount.decimal:.2f}"


def _money(text: object) -> Money:
    try:
        return Money.of(str(text))
    except ValueError as error:
        raise OutcomeUnknown(detail=f"An amount that cannot be read: {text}") from error
