"""From an entry of the books back to what it was made from: its source says which thing of the business."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from billing.payments import records as payments
from billing.payments.models import Refund
from tenant_apps.backoffice.cells import Link
from tenant_apps.orders import queries as orders

# hold, capture and release are of an order line or of a refund; refund is of an order line.
_OF_SUBJECT = ("hold", "capture", "release", "refund")


def origins(sources: Iterable[str]) -> dict[str, Link]:
    """Links by source; what leads nowhere is left out. At most two queries, however many the sources."""
    subjects: dict[str, UUID] = {}
    links: dict[str, Link] = {}
    for source in sources:
        family, _colon, rest = source.partition(":")
        if family == "payment":
            url = reverse("office:payment", kwargs={"number": rest})
            links[source] = Link(_("支付单 %(number)s") % {"number": rest}, url)
        elif family == "obligation":
            if public_id := _uuid(rest.partition(":")[0]):
                links[source] = Link(_("往来"), reverse("office:dealing", args=[public_id]))
        elif family in _OF_SUBJECT and (subject := _uuid(rest.partition(":")[0])):
            subjects[source] = subject
    found = orders.orders_of_lines(line_ids=set(subjects.values()))
    left = {subject for subject in subjects.values() if subject not in found}
    refunds = (
        {row.public_id: row for row in payments.refunds().filter(public_id__in=left)}
        if left
        else {}
    )
    for source, subject in subjects.items():
        if subject in found:
            order = found[subject]
            url = reverse("office:order", args=[order.public_id])
            links[source] = Link(_("订单 %(number)s") % {"number": order.number}, url)
        elif subject in refunds:
            links[source] = _refund(refunds[subject])
    return links


def _refund(refund: Refund) -> Link:
    url = reverse("office:payment", kwargs={"number": refund.payment.intent.number})
    return Link(_("退款 %(number)s") % {"number": refund.number}, url)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
