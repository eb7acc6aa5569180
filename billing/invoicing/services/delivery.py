"""An issued invoice goes to the customer by e-mail, once."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.core.mail import EmailMessage
from django.db import transaction
from django.utils.translation import gettext as _

from billing.invoicing.enums import InvoiceState
from billing.invoicing.models import Invoice
from shared_apps.audit.services import record


def deliver(*, public_id: UUID, shop: str, at: datetime) -> bool:
    """Sends the file to the address that the customer gave. Holds the invoice while it sends.

    A worker that dies between the mail server's answer and the commit may send it twice, which a
    customer can bear. False: there was nothing to send.
    """
    with transaction.atomic():
        invoice = (
            Invoice.objects.select_for_update(of=("self",))
            .select_related("file")
            .filter(public_id=public_id, sent_at=None)
            .exclude(email="")
            .filter(state__in=[InvoiceState.ISSUED, InvoiceState.REVERSED], file__isnull=False)
            .first()
        )
        if invoice is None or invoice.file is None:
            return False
        message = EmailMessage(
            subject=_("%(shop)s：%(color)s %(number)s")
            % {
                "shop": shop,
                "color": invoice.get_color_display(),
                "number": invoice.tax_invoice_number,
            },
            body=_(
                "您好：\n\n%(name)s 的发票已开具，价税合计 %(amount)s 元，见附件。"
                "\n也可以在店铺的“我的发票”中下载。\n\n%(shop)s"
            )
            % {"name": invoice.name, "amount": invoice.amount, "shop": shop},
            to=[invoice.email],
        )
        message.attach(invoice.file.name, bytes(invoice.file.content), invoice.file.media_type)
        message.send()
        invoice.sent_at = at
        invoice.save(update_fields=["sent_at"])
        record("invoice.send", obj=invoice, after={"number": invoice.number})
    return True
