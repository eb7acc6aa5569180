from __future__ import annotations

from uuid import UUID

from django.db import connection, transaction

from billing.invoicing.enums import TitleKind
from billing.invoicing.errors import (
    TaxNumberWrong,
    TitleIncomplete,
    TitleNotFound,
    TooManyTitles,
)
from billing.invoicing.models import Title
from billing.invoicing.tax import tax_number_holds
from shared_apps.audit.services import record

MOST_TITLES = 20


def save_title(
    *,
    customer_id: UUID,
    title_kind: str,
    name: str,
    tax_number: str = "",
    bank_name: str = "",
    bank_account: str = "",
    address: str = "",
    phone: str = "",
    is_default: bool = False,
    title_id: UUID | None = None,
) -> Title:
    """Keeps a title, or changes the one named. The first is the default; a new default replaces the old.

    Locks the customer's titles.
    """
    fields = {
        "title_kind": TitleKind(title_kind),
        "name": name.strip()[:100],
        "tax_number": "".join(tax_number.split()).upper(),
        "bank_name": bank_name.strip()[:100],
        "bank_account": bank_account.strip()[:40],
        "address": address.strip()[:120],
        "phone": phone.strip()[:30],
    }
    if not fields["name"]:
        raise TitleIncomplete(field="name")
    if fields["title_kind"] == TitleKind.PERSON:
        fields |= {"tax_number": "", "bank_name": "", "bank_account": ""}
    elif not tax_number_holds(fields["tax_number"]):
        raise TaxNumberWrong(field="tax_number")
    with transaction.atomic():
        _hold(customer_id)
        known = list(Title.objects.filter(customer_id=customer_id))
        title = _own(customer_id, title_id) if title_id else Title(customer_id=customer_id)
        if title_id is None and len(known) >= MOST_TITLES:
            raise TooManyTitles(most=MOST_TITLES)
        default = is_default or not any(one.is_default for one in known) or title.is_default
        if default:
            Title.objects.filter(customer_id=customer_id, is_default=True).update(is_default=False)
        for field, value in fields.items():
            setattr(title, field, value)
        title.is_default = default
        title.save()
        record("invoice.save_title", obj=title, after={"name": title.name, "default": default})
    return title


def remove_title(*, customer_id: UUID, title_id: UUID) -> None:
    """Invoices keep their own copy; the newest other title becomes the default."""
    with transaction.atomic():
        _hold(customer_id)
        title = _own(customer_id, title_id)
        record("invoice.remove_title", obj=title, before={"name": title.name})
        title.delete()
        heir = Title.objects.filter(customer_id=customer_id).first()
        if title.is_default and heir is not None:
            heir.is_default = True
            heir.save(update_fields=["is_default"])


def _own(customer_id: UUID, title_id: UUID) -> Title:
    title = Title.objects.filter(customer_id=customer_id, public_id=title_id).first()
    if title is None:
        raise TitleNotFound
    return title


def _hold(customer_id: UUID) -> None:
    """One change at a time: also the first title has no row yet to be locked."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"titles:{customer_id}"]
        )
