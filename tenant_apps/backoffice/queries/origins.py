"""From an entry of the books back to what it was made from: its source says which thing of the business."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from billing.payments import records as payments
from billing.settlement import queries as settlement
from tenant_apps.backoffice.cells import Link
from tenant_apps.orders import queries as orders

# hold, capture and release are of an order line or of a refund; refund is of an order line.
_OF_SUBJECT = ("hold", "capture", "release", "refund")


def origins(sources: Iterable[str]) -> dict[str, Link]:
    """Links by source; what leads nowhere is left out. At most three queries, however many the sources."""
    links: dict[str, Link] = {}
    subjects: dict[str, UUID] = {}
    dealings: dict[str, UUID] = {}
    for source in sources:
        family, _colon, rest = source.partition(":")
        if family == "payment":
            links[source] = _payment(rest, rest)
        elif (found := _uuid(rest.partition(":")[0])) is None:
            continue
        elif family == "reconciliation":
            url = reverse("office:reconciled_line", args=[found])
            links[source] = Link(_("对账调账"), url)
        elif family == "obligation":
            dealings[source] = found
        elif family in _OF_SUBJECT:
            subjects[source] = found
    traces = settlement.traces(public_ids=set(dealings.values())) if dealings else {}
    ours = orders.orders_of_lines(line_ids={*subjects.values(), *traces.values()})
    left = {subject for subject in subjects.values() if subject not in ours}
    refunds = (
        {row.public_id: row for row in payments.refunds().filter(public_id__in=left)}
        if left
        else {}
    )
    for source, public_id in dealings.items():
        order = ours.get(traces.get(public_id, public_id))
        name = (
            _("往来：订单 %(number)s") % {"number": order.number} if order else _("往来：下级销售")
        )
        links[source] = Link(name, reverse("office:dealing", args=[public_id]))
    for source, subject in subjects.items():
        if order := ours.get(subject):
            url = reverse("office:order", args=[order.public_id])
            links[source] = Link(_("订单 %(number)s") % {"number": order.number}, url)
        elif refund := refunds.get(subject):
            links[source] = _payment(refund.payment.intent.number, refund.number)
    return links


def _payment(number: str, shown: str) -> Link:
    url = reverse("office:payment", kwargs={"number": number})
    return Link(_("收款 %(number)s") % {"number": shown}, url)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
