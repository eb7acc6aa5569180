"""What every payment provider looks like from inside: plain values in, plain values out.

A gateway never touches the database and never decides that something is paid: it says what the
provider says, and whether that was really the provider. Raises only `ProviderError` (refused),
`OutcomeUnknown` (may have happened: query it) and `NotificationRefused`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar, Protocol

from django.utils.translation import gettext_lazy as _

from billing.payments.enums import Method
from shared_apps.kernel.errors import ProviderError
from shared_apps.kernel.money import Money


class TradeState(StrEnum):
    """NOT_FOUND is ordinary: a trade may not exist at the provider until the buyer opens it."""

    NOT_FOUND = "NOT_FOUND"
    WAITING = "WAITING"
    PAID = "PAID"
    CLOSED = "CLOSED"


class RefundState(StrEnum):
    """FAILED is final: the provider took the request, and then gave it up."""

    NOT_FOUND = "NOT_FOUND"
    PENDING = "PENDING"
    DONE = "DONE"
    FAILED = "FAILED"


class NoticeKind(StrEnum):
    """What a notification reports. REFUND repeats the payment's own amount beside it.

    OTHER is the provider's true word about something that is no payment: take it, do nothing.
    """

    WAITING = "WAITING"
    PAYMENT = "PAYMENT"
    REFUND = "REFUND"
    CLOSED = "CLOSED"
    OTHER = "OTHER"


class Refusal(StrEnum):
    """Why a notification was not believed; stored with the raw body and logged."""

    MALFORMED = "MALFORMED"
    UNSIGNED = "UNSIGNED"
    WEAK_SIGNATURE = "WEAK_SIGNATURE"
    BAD_SIGNATURE = "BAD_SIGNATURE"
    STALE = "STALE"
    UNREADABLE = "UNREADABLE"
    FOREIGN_KEY = "FOREIGN_KEY"
    FOREIGN_APP = "FOREIGN_APP"
    FOREIGN_SELLER = "FOREIGN_SELLER"
    FOREIGN_CURRENCY = "FOREIGN_CURRENCY"


class BillKind(StrEnum):
    PAYMENT = "PAYMENT"
    REFUND = "REFUND"


@dataclass(frozen=True, slots=True)
class Reply:
    """What the provider wants to read in answer to a notification."""

    text: str
    status: int = 200
    content_type: str = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Started:
    """How the buyer pays: an address, the text of a QR code, or what WeChat's own browser is given.

    `provider_ref` is the provider's name for what was started, where it has one already.
    """

    redirect_url: str = ""
    qr_content: str = ""
    jsapi: Mapping[str, str] | None = None
    provider_ref: str = ""


@dataclass(frozen=True, slots=True)
class BillLine:
    """One movement in a provider's daily bill.

    `amount` is positive for payments and refunds alike. `fee` is what the provider kept of this
    line; negative where it gave a fee back. `number` is ours, `request_no` that of a refund.
    """

    kind: BillKind
    number: str
    request_no: str
    provider_trade_no: str
    amount: Money
    fee: Money
    at: datetime


@dataclass(frozen=True, slots=True)
class Bill:
    """All that a provider moved for one account on one day of its calendar, with the file itself."""

    day: date
    lines: tuple[BillLine, ...]
    raw: bytes = b""


@dataclass(frozen=True, slots=True)
class GatewayTrade:
    """A trade as the provider knows it now; `amount` is told at the latest when it is PAID."""

    number: str
    state: TradeState
    amount: Money | None = None
    provider_trade_no: str = ""
    paid_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class GatewayRefund:
    """One refund request; `amount` is this request's own, never the trade's running total.

    `detail` is the provider's word where something is wrong, for people.
    """

    number: str
    request_no: str
    state: RefundState
    amount: Money | None = None
    refunded_at: datetime | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Notification:
    """A message proved to come from the provider for this very account.

    `amount` is the trade's whole amount. It has not been compared with our payment: the caller
    does that, to the fen, before anything moves. `event_id` stays the same when it is sent again.
    """

    event_id: str
    kind: NoticeKind
    number: str
    amount: Money
    provider_trade_no: str
    app_id: str
    seller_id: str
    occurred_at: datetime | None
    refund_request_no: str = ""
    refunded_total: Money | None = None
    fields: Mapping[str, str] = field(default_factory=dict)


class NotificationRefused(ProviderError):
    """The message is not from the provider, or not for this account: keep it, move nothing."""

    code = "payments.notification_refused"
    status = 400
    sentence = _("支付通知未通过核验，已留存，未作任何变更。")

    def __init__(self, *, reason: Refusal, detail: str = "") -> None:
        super().__init__(permanent=True, detail=detail, reason=reason)
        self.reason = reason


class TradeAlreadyPaid(ProviderError):
    """Closing came too late: the buyer has paid. Query the trade and book the payment."""

    code = "payments.trade_already_paid"
    sentence = _("该笔交易已完成支付，无法关闭。")

    def __init__(self, *, number: str, detail: str = "") -> None:
        super().__init__(permanent=True, detail=detail, number=number)
        self.number = number


class BillMissing(ProviderError):
    """The provider has no bill of that day: it is not made yet, or nothing happened on that day."""

    code = "payments.bill_missing"
    status = 409
    sentence = _("支付机构还没有这一天的账单：可能尚未生成，也可能当天没有交易。")

    def __init__(self, *, day: date, detail: str = "") -> None:
        super().__init__(permanent=False, detail=detail, day=day.isoformat())


class Gateway(Protocol):
    """One merchant account at one provider."""

    kind: ClassVar[str]
    accepted_answer: ClassVar[Reply]
    refused_answer: ClassVar[Reply]

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
        """Asks the provider to take this amount under our number. Moves no money; safe to repeat.

        WECHAT_H5 needs the buyer's address, WECHAT_JSAPI his openid. Raises ValueError for
        another provider's method, and for an amount that the provider cannot be asked for.
        """
        ...

    def query(self, *, number: str, ref: str = "") -> GatewayTrade:
        """What became of a payment, asked of the provider itself. Safe to repeat.

        `ref`, here and below, is the `provider_ref` that `start` gave; without it Stripe's sessions
        of the day are searched for our number.
        """
        ...

    def close(self, *, number: str, ref: str = "") -> TradeState:
        """Stops an unpaid trade: CLOSED, or NOT_FOUND where the buyer never opened it.

        A NOT_FOUND trade can still be opened and paid until its `expires_at`.
        Raises TradeAlreadyPaid. Safe to repeat.
        """
        ...

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
        """Gives money back. The same request_no and amount never pay twice; keep them on retry.

        `total` is what was paid: WeChat wants to hear it.
        """
        ...

    def query_refund(self, *, number: str, request_no: str, ref: str = "") -> GatewayRefund:
        """What became of one refund request. Safe to repeat."""
        ...

    def verify_notification(self, *, raw_body: bytes, headers: Mapping[str, str]) -> Notification:
        """Proves that the raw body was signed by the provider for this account.

        Raises NotificationRefused with the reason. Reads no state.
        """
        ...

    def daily_bill(self, *, day: date) -> Bill:
        """What the provider says that it moved on a day of its own calendar. Raises BillMissing."""
        ...
