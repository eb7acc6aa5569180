"""Text messages to customers, one for each notice that is worth one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from shared_apps.distributors.queries import by_schema
from shared_apps.identity.sms import SmsRefused, send_sms
from shared_apps.kernel import clock, tenancy
from shared_apps.kernel.errors import OutcomeUnknown

from . import services
from .models import Notice


def tell(payload: dict[str, Any]) -> None:
    """`customer.notice`: texts the notice's title, unless it was sent or read already.

    Holds the notice while it sends, so that two workers do not both; a worker that dies between
    the provider's answer and the commit may send it twice, which a customer can bear. What may
    have been sent is not sent again.
    """
    with transaction.atomic():
        notice = (
            Notice.objects.select_for_update(of=("self",))
            .select_related("customer__user")
            .filter(public_id=UUID(payload["notice"]), told_at=None, read_at=None)
            .first()
        )
        if notice is None:
            return
        user = notice.customer.user
        if user.phone and user.phone_verified and user.is_active:
            _send(user.phone, notice)
        services.note_told(notice=notice, at=clock.now())


def _send(phone: str, notice: Notice) -> None:
    shop = by_schema(tenancy.require()).name
    try:
        send_sms(
            phone=phone,
            template_code=settings.SMS_TEMPLATES["notice"],
            params={"shop": shop, "title": notice.title},
        )
    except OutcomeUnknown:
        return
    except SmsRefused as refused:
        if not refused.permanent:
            raise
