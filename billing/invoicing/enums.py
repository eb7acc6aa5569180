from django.db import models
from django.utils.translation import gettext_lazy as _


class TitleKind(models.TextChoices):
    COMPANY = "COMPANY", _("企业")
    PERSON = "PERSON", _("个人")


class InvoiceKind(models.TextChoices):
    GENERAL = "GENERAL", _("普通发票")
    SPECIAL = "SPECIAL", _("专用发票")


class InvoiceColor(models.TextChoices):
    BLUE = "BLUE", _("蓝票")
    RED = "RED", _("红票")


class InvoiceState(models.TextChoices):
    REQUESTED = "REQUESTED", _("待开票")
    ISSUED = "ISSUED", _("已开票")
    REVERSED = "REVERSED", _("已红冲")
    REJECTED = "REJECTED", _("已驳回")
    WITHDRAWN = "WITHDRAWN", _("已撤回")


# A red invoice is born ISSUED and stays so; a blue one is REVERSED once the whole of it is.
INVOICE_TRANSITIONS: dict[InvoiceState, set[InvoiceState]] = {
    InvoiceState.REQUESTED: {
        InvoiceState.ISSUED,
        InvoiceState.REJECTED,
        InvoiceState.WITHDRAWN,
    },
    InvoiceState.ISSUED: {InvoiceState.REVERSED},
    InvoiceState.REVERSED: set(),
    InvoiceState.REJECTED: set(),
    InvoiceState.WITHDRAWN: set(),
}
