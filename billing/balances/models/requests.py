"""What waits for a second person before it moves a balance: money said to have come by bank, gifts, and
payouts to a bank account. Nobody decides what they asked for: the database refuses it as well.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from billing.balances.enums import CreditState, LotKind, PayoutState
from shared_apps.files.models import StoredFile
from shared_apps.identity.models import User
from shared_apps.kernel.models import PublicId
from shared_apps.kernel.money import Money

_DECIDED = [CreditState.APPROVED, CreditState.REJECTED]


class _Asked(PublicId):
    """What all of them have: whose, how much, who asked, who decided and why."""

    number = models.CharField(max_length=32, unique=True)
    customer_id = models.UUIDField(db_index=True)
    amount_minor = models.BigIntegerField(_("金额"))
    currency = models.CharField(max_length=3, default="CNY")
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=300, blank=True, default="")  # why it was refused

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.number

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


class OfflineRecharge(_Asked):
    """Money that a customer says was transferred to the shop's bank account, with the slip that shows it.

    A transfer is credited once: its reference at the bank is taken while one waits or is credited.
    """

    payer = models.CharField(_("付款户名"), max_length=120)
    bank_reference = models.CharField(_("银行流水号"), max_length=64)
    paid_on = models.DateField(_("转账日期"))
    slip = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=9, choices=CreditState.choices, default=CreditState.PENDING)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0) & ~Q(bank_reference=""),
                name="offline_recharge_amount",
            ),
            models.CheckConstraint(
                condition=Q(state__in=_DECIDED, decided_by__isnull=False)
                | Q(state__in=[CreditState.PENDING, CreditState.WITHDRAWN], decided_by=None),
                name="offline_recharge_decided",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("requested_by")),
                name="offline_recharge_by_another",
            ),
            models.UniqueConstraint(
                fields=["bank_reference"],
                condition=Q(state__in=[CreditState.PENDING, CreditState.APPROVED]),
                name="offline_recharge_once",
            ),
        ]


class Gift(_Asked):
    """Credit that the shop wants to give a customer; `title` is what the customer reads."""

    kind = models.CharField(max_length=6, choices=LotKind.choices)
    title = models.CharField(_("名目"), max_length=80)
    expires_at = models.DateTimeField(_("到期时间"))
    state = models.CharField(max_length=9, choices=CreditState.choices, default=CreditState.PENDING)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0, kind__in=[LotKind.GIFTED, LotKind.PROMO]),
                name="gift_amount",
            ),
            models.CheckConstraint(
                condition=Q(state__in=_DECIDED, decided_by__isnull=False)
                | Q(state__in=[CreditState.PENDING, CreditState.WITHDRAWN], decided_by=None),
                name="gift_decided",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("requested_by")),
                name="gift_by_another",
            ),
        ]


class BankPayout(_Asked):
    """Paid money on its way to the customer's bank account: what no payment provider can send back.

    The account's number is sealed; `account_tail` is what pages show. The amount is held from the
    start (the hold's subject is `public_id`).
    """

    bank = models.CharField(_("开户银行"), max_length=120)
    account_name = models.CharField(_("户名"), max_length=120)
    account_sealed = models.TextField()
    account_tail = models.CharField(max_length=4)
    bank_reference = models.CharField(_("银行流水号"), max_length=64, blank=True, default="")
    state = models.CharField(max_length=8, choices=PayoutState.choices, default=PayoutState.PENDING)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0, state__in=PayoutState.values),
                name="bank_payout_amount",
            ),
            models.CheckConstraint(
                condition=Q(state=PayoutState.PENDING, decided_by=None)
                | (~Q(state=PayoutState.PENDING) & Q(decided_by__isnull=False)),
                name="bank_payout_decided",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("requested_by")),
                name="bank_payout_by_another",
            ),
            models.CheckConstraint(
                condition=Q(state=PayoutState.PAID) & ~Q(bank_reference="")
                | ~Q(state=PayoutState.PAID) & Q(bank_reference=""),
                name="bank_payout_reference",
            ),
            models.UniqueConstraint(
                fields=["bank_reference"],
                condition=~Q(bank_reference=""),
                name="bank_payout_once",
            ),
        ]
