"""How far a customer may owe. The row and the account 应收客户款 move together, in one transaction."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from billing.ledger.enums import PartyKind
from billing.ledger.parties import Party
from billing.metering.errors import LimitBelowUse
from billing.metering.models import CreditLine
from shared_apps.approvals.services import ask
from shared_apps.audit.services import record
from shared_apps.identity.models import User
from shared_apps.kernel.money import Money
from shared_apps.outbox.services import publish

KIND = "metering.credit_limit"


def party(customer_id: UUID) -> Party:
    return Party(PartyKind.CUSTOMER, str(customer_id))


def locked(*, customer_id: UUID, at: datetime) -> CreditLine:
    """The customer's credit under lock; without a word it is none."""
    CreditLine.objects.get_or_create(customer_id=customer_id, defaults={"changed_at": at})
    return CreditLine.objects.select_for_update().get(customer_id=customer_id)


def set_limit(
    *, customer_id: UUID, name: str, limit: Money, by: User, beneficiary: UUID, at: datetime
) -> CreditLine:
    """Sets how far a customer may owe; above the shop's bound a second person decides. Locks the credit.

    Raises LimitBelowUse: what is used already can't be forbidden.
    """
    with transaction.atomic():
        line = locked(customer_id=customer_id, at=at)
        _check(line, limit)
        if limit.minor > max(settings.CREDIT_ALONE_MINOR, line.limit_minor):
            line.asked_minor = limit.minor
            line.save(update_fields=["asked_minor"])
            record("credit.ask", obj=line, after={"limit": str(limit)})
            ask(
                kind=KIND,
                subject_id=line.public_id,
                title=_("%(name)s 信用额度 %(sum)s 元") % {"name": name, "sum": limit},
                facts=[
                    (_("客户"), name),
                    (_("现有额度"), f"{line.limit} {_('元')}"),
                    (_("已用额度"), f"{line.used} {_('元')}"),
                    (_("申请额度"), f"{limit} {_('元')}"),
                ],
                requested_by=by,
                beneficiary=beneficiary,
            )
        else:
            _set(line, limit.minor, at)
    return line


def limit_decided(*, subject_id: UUID, approved: bool, by: User, reason: str, at: datetime) -> None:
    """The second person's word on a limit. Locks the credit."""
    with transaction.atomic():
        line = CreditLine.objects.select_for_update().get(public_id=subject_id)
        asked, line.asked_minor = line.asked_minor, None
        line.save(update_fields=["asked_minor"])
        record("credit.decide", obj=line, after={"approved": approved, "by": by.name}, note=reason)
        if approved and asked is not None:
            _check(line, Money(asked, line.currency))
            _set(line, asked, at)


def _check(line: CreditLine, limit: Money) -> None:
    if limit.minor < line.used_minor:
        raise LimitBelowUse(field="limit", used=line.used)


def _set(line: CreditLine, minor: int, at: datetime) -> None:
    before, line.limit_minor, line.changed_at = line.limit_minor, minor, at
    line.save(update_fields=["limit_minor", "changed_at"])
    record(
        "credit.set_limit", obj=line, before={"limit_minor": before}, after={"limit_minor": minor}
    )
    if minor > before:
        publish("credit.relieved", {"customer": str(line.customer_id)})
