"""Money that comes in from, and goes back to, payment providers.

Customers are known here by their public id alone: billing does not know the people.
"""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from shared_apps.kernel.models import PublicId
from shared_apps.kernel.money import Money
from shared_apps.kernel.rows import TenantRows

from .enums import EventState, IntentState, Method, Provider, RefundState


class MerchantAccount(PublicId):
    """A distributor's account at a payment provider. What is secret is sealed and never shown.

    `app_id` and `seller_id` are the provider's two names for it: Alipay's app and seller, WeChat's
    appid and mchid, twice Stripe's account. `settings` are its other, public facts; `secrets_sealed`
    is one sealed JSON object. Which keys each provider needs stands in `accounts`.
    """

    provider = models.CharField(max_length=10, choices=Provider.choices)
    app_id = models.CharField(_("应用编号"), max_length=64)
    seller_id = models.CharField(_("商户编号"), max_length=64)
    settings = models.JSONField(default=dict)
    secrets_sealed = models.TextField()
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["provider"],
                condition=models.Q(is_active=True),
                name="merchant_account_one_active",
            ),
            models.UniqueConstraint(fields=["provider", "app_id"], name="merchant_account_app"),
        ]


class PaymentIntent(PublicId):
    """One try to be paid a fixed amount: for an order, or as a recharge of the balance."""

    number = models.CharField(
        max_length=32, unique=True
    )  # global: it is the provider's out_trade_no
    account = models.ForeignKey(MerchantAccount, on_delete=models.PROTECT)
    method = models.CharField(max_length=16, choices=Method.choices)
    customer_id = models.UUIDField()
    order_id = models.UUIDField(null=True)  # null: a recharge
    subject = models.CharField(max_length=120)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3, default="CNY")
    state = models.CharField(max_length=10, choices=IntentState.choices, default=IntentState.OPEN)
    redirect_url = models.TextField(default="", blank=True)
    qr_content = models.TextField(default="", blank=True)
    provider_ref = models.CharField(max_length=255, default="", blank=True)  # where it names it
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(amount_minor__gt=0), name="intent_amount"),
            models.CheckConstraint(
                condition=models.Q(state__in=IntentState.values), name="intent_state"
            ),
        ]
        indexes = [models.Index(fields=["order_id"], name="intent_order")]

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


class Payment(PublicId):
    """Money that a provider says it received for us; written once, when it is verified."""

    intent = models.OneToOneField(PaymentIntent, on_delete=models.PROTECT, related_name="payment")
    provider_trade_no = models.CharField(max_length=64, unique=True)
    customer_id = models.UUIDField()
    amount_minor = models.BigIntegerField()
    refunded_minor = models.BigIntegerField(default=0)  # requested or done
    currency = models.CharField(max_length=3, default="CNY")
    paid_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    amount_minor__gt=0,
                    refunded_minor__gte=0,
                    refunded_minor__lte=models.F("amount_minor"),
                ),
                name="payment_refunded_at_most_paid",
            ),
        ]


class Refund(PublicId):
    """Money on its way back to where it came from."""

    number = models.CharField(max_length=32, unique=True)  # the provider's out_request_no
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    amount_minor = models.BigIntegerField()
    reason = models.CharField(max_length=200)
    state = models.CharField(
        max_length=10, choices=RefundState.choices, default=RefundState.REQUESTED
    )
    detail = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(amount_minor__gt=0), name="refund_amount"),
            models.CheckConstraint(
                condition=models.Q(state__in=RefundState.values), name="refund_state"
            ),
        ]


class ProviderEvent(PublicId):
    """A provider's notification as it arrived, raw, with what became of it. Forged ones are kept too."""

    provider = models.CharField(max_length=10, choices=Provider.choices)
    app_id = models.CharField(max_length=64, blank=True)
    event_id = models.CharField(max_length=128)
    body = models.BinaryField()
    digest = models.CharField(max_length=64)
    state = models.CharField(max_length=8, choices=EventState.choices)
    reason = models.CharField(max_length=300, blank=True)
    number = models.CharField(max_length=64, blank=True)  # the payment that it claims to be about
    ip = models.GenericIPAddressField(null=True)
    received_at = models.DateTimeField(db_default=Now())

    rows = TenantRows(append_only=True)

    class Meta:
        constraints = [
            # A repeated notification is the same row; a forged one cannot take a true one's place.
            models.UniqueConstraint(
                fields=["provider", "app_id", "event_id", "digest", "state"],
                name="provider_event_once",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=EventState.values), name="provider_event_state"
            ),
        ]
