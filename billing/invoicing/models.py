"""发票: what a customer consumed, what of it was invoiced, and the invoices.

How much of a consumption is invoiced is kept by the lines of invoices, in the database (`sql/`): it
never exceeds what was consumed, and grows only while nothing of it was given back. The customer and
the order are known here by their public ids alone.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from shared_apps.files.models import StoredFile
from shared_apps.kernel.models import PublicId
from shared_apps.kernel.money import Money
from shared_apps.kernel.rows import TenantRows

from .enums import InvoiceColor, InvoiceKind, InvoiceState, TitleKind
from .tax import STANDARD_ITEM, STANDARD_RATE

TAX_NUMBER = "^[0-9A-HJ-NP-RTUWXY]{18}$"


class Heading(models.Model):
    """Whom an invoice names: kept by the customer, and copied onto each invoice."""

    title_kind = models.CharField(_("抬头类型"), max_length=7, choices=TitleKind.choices)
    name = models.CharField(_("抬头名称"), max_length=100)
    tax_number = models.CharField(_("税号"), max_length=18, blank=True)
    bank_name = models.CharField(_("开户行"), max_length=100, blank=True)
    bank_account = models.CharField(_("银行账号"), max_length=40, blank=True)
    address = models.CharField(_("注册地址"), max_length=120, blank=True)
    phone = models.CharField(_("注册电话"), max_length=30, blank=True)

    class Meta:
        abstract = True


HEADING = ("title_kind", "name", "tax_number", "bank_name", "bank_account", "address", "phone")


class Title(Heading, PublicId):
    customer_id = models.UUIDField(db_index=True)
    is_default = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now())

    rows = TenantRows()

    class Meta:
        ordering = ("-is_default", "-id")
        constraints = [
            models.CheckConstraint(
                condition=Q(title_kind=TitleKind.PERSON, tax_number="")
                | Q(title_kind=TitleKind.COMPANY, tax_number__regex=TAX_NUMBER),
                name="title_tax_number",
            ),
            models.UniqueConstraint(
                fields=["customer_id"],
                condition=Q(is_default=True),
                name="title_one_default",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Consumption(PublicId):
    """Something consumed and earned, that may be invoiced: an order line, or a metered charge.

    Consumed never changes, given back only grows, invoiced is kept by the lines of invoices alone.
    """

    line_id = models.UUIDField(unique=True)  # what was consumed, by the id its seller knows it by
    customer_id = models.UUIDField()
    order_id = models.UUIDField(null=True)
    order_number = models.CharField(max_length=32, blank=True)
    name = models.CharField(max_length=120)
    tax_item = models.CharField(_("货物或服务名称"), max_length=60, default=STANDARD_ITEM)
    tax_rate = models.DecimalField(
        _("税率"), max_digits=5, decimal_places=2, default=STANDARD_RATE
    )  # percent
    consumed_minor = models.BigIntegerField()
    returned_minor = models.BigIntegerField(default=0)
    invoiced_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3, default="CNY")
    consumed_at = models.DateTimeField()

    rows = TenantRows()

    class Meta:
        ordering = ("-consumed_at", "-id")
        constraints = [
            models.CheckConstraint(
                condition=Q(consumed_minor__gt=0)
                & Q(returned_minor__gte=0)
                & Q(returned_minor__lte=F("consumed_minor")),
                name="consumption_returned_at_most_consumed",
            ),
            models.CheckConstraint(
                condition=Q(invoiced_minor__gte=0) & Q(invoiced_minor__lte=F("consumed_minor")),
                name="consumption_invoiced_at_most_consumed",
            ),
            models.CheckConstraint(
                condition=Q(tax_rate__gte=0, tax_rate__lt=100), name="consumption_tax_rate"
            ),
        ]
        indexes = [
            models.Index(fields=["customer_id", "consumed_at"], name="consumption_of_customer"),
            models.Index(
                fields=["id"],
                condition=Q(invoiced_minor__gt=F("consumed_minor") - F("returned_minor")),
                name="consumption_to_reverse",
            ),
        ]

    @property
    def kept_minor(self) -> int:
        """Consumed and not given back."""
        return self.consumed_minor - self.returned_minor

    @property
    def open_minor(self) -> int:
        """What can still be invoiced; never below zero."""
        return max(self.kept_minor - self.invoiced_minor, 0)

    @property
    def excess_minor(self) -> int:
        """待红冲: invoiced, and given back since."""
        return max(self.invoiced_minor - self.kept_minor, 0)

    @property
    def kept(self) -> Money:
        return Money(self.kept_minor, self.currency)

    @property
    def open(self) -> Money:
        return Money(self.open_minor, self.currency)

    @property
    def excess(self) -> Money:
        return Money(self.excess_minor, self.currency)


class Invoice(Heading, PublicId):
    """One invoice: asked for by the customer (blue), or the negated copy of one, or of a part (red)."""

    number = models.CharField(_("申请编号"), max_length=32, unique=True)
    request_key = models.UUIDField(unique=True)  # a repeated form or call finds its invoice
    customer_id = models.UUIDField()
    kind = models.CharField(_("发票种类"), max_length=7, choices=InvoiceKind.choices)
    color = models.CharField(max_length=4, choices=InvoiceColor.choices)
    state = models.CharField(max_length=9, choices=InvoiceState.choices)
    reverses = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="reversals"
    )
    amount_minor = models.BigIntegerField()  # 含税
    net_minor = models.BigIntegerField()  # 不含税
    tax_minor = models.BigIntegerField()
    reversed_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3, default="CNY")
    email = models.EmailField(_("接收邮箱"), blank=True)
    mobile = models.CharField(_("联系手机"), max_length=30, blank=True)
    remark = models.CharField(_("备注"), max_length=200, blank=True)
    reason = models.CharField(max_length=300, blank=True)  # of a rejection, or of a red invoice
    tax_code = models.CharField(_("发票代码"), max_length=12, blank=True)
    tax_invoice_number = models.CharField(_("发票号码"), max_length=20, blank=True)
    issued_on = models.DateField(_("开票日期"), null=True)
    file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)

    rows = TenantRows()

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=InvoiceState.values, kind__in=InvoiceKind.values),
                name="invoice_state",
            ),
            models.CheckConstraint(
                condition=Q(color=InvoiceColor.BLUE, amount_minor__gt=0, reverses__isnull=True)
                | Q(
                    color=InvoiceColor.RED,
                    amount_minor__lt=0,
                    reverses__isnull=False,
                    state=InvoiceState.ISSUED,
                ),
                name="invoice_color",
            ),
            models.CheckConstraint(
                condition=Q(amount_minor=F("net_minor") + F("tax_minor")), name="invoice_tax_split"
            ),
            models.CheckConstraint(
                condition=Q(reversed_minor=0)
                | Q(reversed_minor__gt=0, reversed_minor__lte=F("amount_minor")),
                name="invoice_reversed_at_most_whole",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[InvoiceState.ISSUED, InvoiceState.REVERSED])
                | (~Q(tax_invoice_number="") & Q(issued_on__isnull=False, file__isnull=False)),
                name="invoice_issued_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(kind=InvoiceKind.GENERAL) | Q(title_kind=TitleKind.COMPANY),
                name="invoice_special_to_companies",
            ),
            models.UniqueConstraint(
                fields=["tax_code", "tax_invoice_number"],
                condition=~Q(tax_invoice_number=""),
                name="invoice_number_once",
            ),
        ]
        indexes = [
            models.Index(fields=["customer_id", "-id"], name="invoice_of_customer"),
            models.Index(fields=["state", "-id"], name="invoice_by_state"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def net(self) -> Money:
        return Money(self.net_minor, self.currency)

    @property
    def tax(self) -> Money:
        return Money(self.tax_minor, self.currency)

    @property
    def reversed(self) -> Money:
        return Money(self.reversed_minor, self.currency)


class InvoiceLine(PublicId):
    """One consumption on one invoice: positive on a blue one, negative on a red one. Written once."""

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="lines")
    consumption = models.ForeignKey(Consumption, on_delete=models.PROTECT, related_name="lines")
    reverses = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="reversals"
    )
    name = models.CharField(max_length=120)
    tax_item = models.CharField(max_length=60)
    tax_rate = models.DecimalField(max_digits=5, decimal_places=2)
    amount_minor = models.BigIntegerField()
    net_minor = models.BigIntegerField()
    tax_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3, default="CNY")

    rows = TenantRows(append_only=True)

    class Meta:
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint(
                fields=["invoice", "consumption"], name="invoice_line_once_each"
            ),
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0, reverses__isnull=True)
                | Q(amount_minor__lt=0, reverses__isnull=False),
                name="invoice_line_sign",
            ),
            models.CheckConstraint(
                condition=Q(amount_minor=F("net_minor") + F("tax_minor")),
                name="invoice_line_tax_split",
            ),
        ]

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def net(self) -> Money:
        return Money(self.net_minor, self.currency)

    @property
    def tax(self) -> Money:
        return Money(self.tax_minor, self.currency)
