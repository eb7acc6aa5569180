"""Stripe: Checkout by redirect, so that no card data comes near us; refunds; the balance as a bill."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar, TypeVar

import stripe

from billing.payments.enums import Method
from shared_apps.kernel import clock
from shared_apps.kernel.errors import OutcomeUnknown, ProviderError
from shared_apps.kernel.money import Money

from . import stripe_notices
from .base import (
    Bill,
    BillKind,
    BillLine,
    GatewayRefund,
    GatewayTrade,
    Notification,
    RefundState,
    Reply,
    Started,
    TradeAlreadyPaid,
    TradeState,
)
from .stripe_notices import StripeAccount
from .transport import broken

TIMEOUT_SECONDS = 8.0
LONGEST_SUBJECT = 250
SHORTEST = timedelta(minutes=31)  # Stripe's half an hour, and what the request needs to arrive
LONGEST = timedelta(hours=23, minutes=59)
DAYS_SEARCHED = timedelta(days=2)

_CHARGES = frozenset({"charge", "payment"})
_REFUNDS = frozenset({"refund", "payment_refund"})
_REFUND_STATES = {
    "succeeded": RefundState.DONE,
    "pending": RefundState.PENDING,
    "requires_action": RefundState.PENDING,
    "failed": RefundState.FAILED,
    "canceled": RefundState.FAILED,
}
# The same request may be granted later: no money in the account, a dispute that may be won.
_MENDABLE = frozenset({"balance_insufficient", "charge_disputed", "lock_timeout", "rate_limit"})
_MISSING = "resource_missing"
T = TypeVar("T")


class Refused(ProviderError):
    """Stripe answered that it will not; `word` is its own for why."""

    code = "payments.stripe_refused"

    def __init__(self, *, word: str, detail: str, permanent: bool) -> None:
        super().__init__(permanent=permanent, detail=detail, word=word)
        self.word = word


class StripeGateway:
    kind: ClassVar[str] = "stripe"
    accepted_answer: ClassVar[Reply] = Reply("ok")
    refused_answer: ClassVar[Reply] = Reply("refused", status=400)

    def __init__(self, account: StripeAccount, *, timeout: float = TIMEOUT_SECONDS) -> None:
        """Raises ValueError for secrets that cannot be what they are called."""
        if not account.secret_key.startswith(("sk_", "rk_")):
            raise ValueError("Stripe's secret key begins with sk_ or rk_.")
        if not account.webhook_secret.startswith("whsec_"):
            raise ValueError("The secret of a webhook endpoint begins with whsec_.")
        self._account = account
        self._client = stripe.StripeClient(
            account.secret_key,
            base_addresses={"api": account.api_url.rstrip("/")},
            http_client=stripe.RequestsClient(timeout=timeout),
            max_network_retries=0,
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
        """`notify_url` is not used: Stripe's endpoint is set once for the account."""
        if method is not Method.STRIPE_CHECKOUT:
            raise ValueError(f"{method} is not Stripe's.")
        if amount.minor <= 0:
            raise ValueError(f"Stripe takes positive amounts, not {amount}.")
        now = clock.now()
        until = min(max(expires_at, now + SHORTEST), now + LONGEST)
        session = self._call(
            lambda: self._client.v1.checkout.sessions.create(
                {
                    "mode": "payment",
                    "client_reference_id": number,
                    "line_items": [
                        {
                            "quantity": 1,
                            "price_data": {
                                "currency": amount.currency.lower(),
                                "unit_amount": amount.minor,
                                "product_data": {"name": subject[:LONGEST_SUBJECT]},
                            },
                        }
                    ],
                    "success_url": return_url,
                    "cancel_url": return_url,
                    "expires_at": int(until.timestamp()),
                    "metadata": {"number": number},
                    "payment_intent_data": {"metadata": {"number": number}},
                },
                {"idempotency_key": f"session {number} {amount.minor}"},
            )
        )
        if session.client_reference_id != number or not session.url:
            raise OutcomeUnknown(detail="The answer is about another payment.")
        return Started(redirect_url=str(session.url), provider_ref=str(session.id))

    def query(self, *, number: str, ref: str = "") -> GatewayTrade:
        session = self._session(number, ref)
        if session is None:
            return GatewayTrade(number=number, state=TradeState.NOT_FOUND)
        intent = session.payment_intent
        paid = session.payment_status == "paid" and intent is not None
        state = TradeState.CLOSED if session.status == "expired" else TradeState.WAITING
        return GatewayTrade(
            number=number,
            state=TradeState.PAID if paid else state,
            amount=Money(int(session.amount_total), str(session.currency).upper()),
            provider_trade_no=str(intent.id) if paid else "",
            paid_at=datetime.fromtimestamp(intent.latest_charge.created, UTC) if paid else None,
        )

    def close(self, *, number: str, ref: str = "") -> TradeState:
        session = self._session(number, ref)
        if session is None:
            return TradeState.NOT_FOUND
        if session.status == "expired":
            return TradeState.CLOSED
        try:
            self._call(lambda: self._client.v1.checkout.sessions.expire(session.id))
        except Refused as refused:
            known = self.query(number=number, ref=session.id).state
            if known is TradeState.PAID:
                raise TradeAlreadyPaid(number=number, detail=refused.detail) from refused
            if known is not TradeState.CLOSED:
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
        """Stripe forgets its keys after a day, so that refunds made before are looked for first."""
        intent = self._intent(number, ref)
        known = self._known_refund(number, request_no, intent)
        if known is None:
            made = self._call(
                lambda: self._client.v1.refunds.create(
                    {
                        "payment_intent": intent,
                        "amount": amount.minor,
                        "metadata": {
                            "number": number,
                            "request_no": request_no,
                            "total": str(total.minor),
                            "reason": reason[:200],
                        },
                    },
                    {"idempotency_key": f"refund {request_no} {amount.minor}"},
                )
            )
            known = _refund(number, request_no, made)
        if known.amount != amount:
            raise OutcomeUnknown(detail=f"Refund {request_no} was of {known.amount}.")
        return known

    def query_refund(self, *, number: str, request_no: str, ref: str = "") -> GatewayRefund:
        missing = GatewayRefund(number, request_no, RefundState.NOT_FOUND)
        try:
            intent = self._intent(number, ref)
        except Refused as refused:
            if refused.word == _MISSING:
                return missing
            raise
        return self._known_refund(number, request_no, intent) or missing

    def verify_notification(self, *, raw_body: bytes, headers: Mapping[str, str]) -> Notification:
        return stripe_notices.read(self._account, raw_body=raw_body, headers=headers)

    def daily_bill(self, *, day: date) -> Bill:
        """The balance transactions of one day, UTC, that are payments of ours or refunds of them."""
        since = datetime(day.year, day.month, day.day, tzinfo=UTC)
        found = self._call(
            lambda: list(
                self._client.v1.balance_transactions.list(
                    {
                        "created": {
                            "gte": int(since.timestamp()),
                            "lt": int((since + timedelta(days=1)).timestamp()),
                        },
                        "limit": 100,
                        "expand": ["data.source"],
                    }
                ).auto_paging_iter()
            )
        )
        lines = (_line(transaction) for transaction in found)
        return Bill(day=day, lines=tuple(line for line in lines if line is not None))

    def _session(self, number: str, ref: str) -> Any:
        """Our session, with the payment that came of it; None where Stripe has none of this number.

        Without its name, which a lost answer costs us, the sessions of the last days are looked through.
        """
        name = ref or self._search(number)
        if not name:
            return None
        try:
            session = self._call(
                lambda: self._client.v1.checkout.sessions.retrieve(
                    name, {"expand": ["payment_intent.latest_charge"]}
                )
            )
        except Refused as refused:
            if refused.word == _MISSING:
                return None
            raise
        if session.client_reference_id != number:
            raise OutcomeUnknown(detail="The answer is about another payment.")
        return session

    def _search(self, number: str) -> str:
        since = int((clock.now() - DAYS_SEARCHED).timestamp())
        found = self._call(
            lambda: next(
                (
                    session.id
                    for session in self._client.v1.checkout.sessions.list(
                        {"created": {"gte": since}, "limit": 100}
                    ).auto_paging_iter()
                    if session.client_reference_id == number
                ),
                "",
            )
        )
        return str(found)

    def _intent(self, number: str, ref: str) -> str:
        session = self._session(number, ref)
        if session is None or session.payment_intent is None:
            raise Refused(word=_MISSING, detail="No payment to refund.", permanent=True)
        return str(session.payment_intent.id)

    def _known_refund(self, number: str, request_no: str, intent: str) -> GatewayRefund | None:
        found = self._call(
            lambda: next(
                (
                    refund
                    for refund in self._client.v1.refunds.list(
                        {"payment_intent": intent, "limit": 100}
                    ).auto_paging_iter()
                    if _metadata(refund).get("request_no") == request_no
                ),
                None,
            )
        )
        return None if found is None else _refund(number, request_no, found)

    def _call(self, ask: Callable[[], T]) -> T:
        try:
            return ask()
        except stripe.APIConnectionError as error:
            cause = error.__cause__
            raise broken(cause if isinstance(cause, Exception) else error) from error
        except stripe.StripeError as error:
            status, word = error.http_status or 0, str(error.code or "")
            detail = f"{status} {word} {error.user_message or ''}".strip()[:300]
            if isinstance(error, stripe.APIError) or not 400 <= status < 500:
                raise OutcomeUnknown(detail=detail) from error
            mendable = isinstance(
                error,
                stripe.AuthenticationError | stripe.PermissionError | stripe.RateLimitError,
            )
            raise Refused(
                word=word, detail=detail, permanent=not mendable and word not in _MENDABLE
            ) from error


def _metadata(of: Any) -> dict[str, str]:
    found = of.metadata
    return {} if found is None else dict(found.to_dict())


def _refund(number: str, request_no: str, made: Any) -> GatewayRefund:
    state = _REFUND_STATES.get(str(made.status))
    if state is None:
        raise OutcomeUnknown(detail=f"An answer that cannot be read: {made.status}")
    done = state is RefundState.DONE
    return GatewayRefund(
        number=number,
        request_no=request_no,
        state=state,
        amount=Money(int(made.amount), str(made.currency).upper()),
        refunded_at=datetime.fromtimestamp(made.created, UTC) if done else None,
        detail=str(getattr(made, "failure_reason", "") or ""),
    )


def _line(transaction: Any) -> BillLine | None:
    """None for what is no payment or refund, and for a refund that failed: its money came back."""
    refund = transaction.type in _REFUNDS
    source = transaction.source
    if (not refund and transaction.type not in _CHARGES) or source is None:
        return None
    if refund and source.status in ("failed", "canceled"):
        return None
    told, currency = _metadata(source), str(transaction.currency).upper()
    return BillLine(
        kind=BillKind.REFUND if refund else BillKind.PAYMENT,
        number=told.get("number", ""),
        request_no=told.get("request_no", "") if refund else "",
        provider_trade_no=str(source.payment_intent),
        amount=Money(abs(int(transaction.amount)), currency),
        fee=Money(int(transaction.fee), currency),
        at=datetime.fromtimestamp(transaction.created, UTC),
    )
