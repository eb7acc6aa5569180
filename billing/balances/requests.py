"""What was asked for and waits, was done, or was refused: the reads of customers and of finance."""

from __future__ import annotations

from typing import TypeVar
from uuid import UUID

from django.db.models import Q, QuerySet

from .errors import RequestNotFound
from .models import BankPayout, Gift, OfflineRecharge

Request = TypeVar("Request", OfflineRecharge, Gift, BankPayout)


def _found(
    rows: QuerySet[Request], customer_id: UUID | None, state: str, text: str, *fields: str
) -> QuerySet[Request]:
    rows = rows.select_related("requested_by", "decided_by").order_by("-id")
    if customer_id is not None:
        rows = rows.filter(customer_id=customer_id)
    if state:
        rows = rows.filter(state=state)
    if text:
        wanted = Q()
        for field in fields:
            wanted |= Q(**{f"{field}__icontains": text})
        rows = rows.filter(wanted)
    return rows


def recharges(
    *, customer_id: UUID | None = None, state: str = "", text: str = ""
) -> QuerySet[OfflineRecharge]:
    """Newest first; `text` is part of a number, of the payer's name or of the bank's reference."""
    rows = OfflineRecharge.objects.select_related("slip").defer("slip__content")
    return _found(rows, customer_id, state, text, "number", "payer", "bank_reference")


def recharge(*, public_id: UUID, customer_id: UUID | None = None) -> OfflineRecharge:
    found = OfflineRecharge.objects.select_related("slip", "requested_by", "decided_by")
    if customer_id is not None:
        found = found.filter(customer_id=customer_id)
    one = found.filter(public_id=public_id).first()
    if one is None:
        raise RequestNotFound
    return one


def gifts(*, customer_id: UUID | None = None, state: str = "", text: str = "") -> QuerySet[Gift]:
    return _found(Gift.objects.all(), customer_id, state, text, "number", "title")


def gift(*, public_id: UUID) -> Gift:
    found = gifts().filter(public_id=public_id).first()
    if found is None:
        raise RequestNotFound
    return found


def payouts(
    *, customer_id: UUID | None = None, state: str = "", text: str = ""
) -> QuerySet[BankPayout]:
    rows = BankPayout.objects.all()
    return _found(rows, customer_id, state, text, "number", "account_name", "bank_reference")


def payout(*, public_id: UUID) -> BankPayout:
    found = payouts().filter(public_id=public_id).first()
    if found is None:
        raise RequestNotFound
    return found
