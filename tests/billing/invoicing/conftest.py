from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from billing.invoicing import services
from billing.invoicing.models import Consumption, Invoice, Title
from billing.invoicing.services import Papers
from shared_apps.distributors.models import Distributor
from shared_apps.kernel import tenancy
from shared_apps.kernel.ids import new_id
from shared_apps.kernel.money import Money

AT = datetime(2026, 11, 20, 4, tzinfo=UTC)
TAX_NUMBER = "91350100M000100Y43"  # the example of GB 32100-2015


def consumed(
    who: UUID, amount: str, *, at: datetime = AT, rate: str = "6", order: UUID | None = None
) -> Consumption:
    return services.record_consumption(
        line_id=new_id(),
        customer_id=who,
        order_id=order,
        order_number="O1",
        name="A100 × 8",
        amount=Money.of(amount),
        at=at,
        tax_rate=Decimal(rate),
    )


def a_title(who: UUID, name: str = "某某科技有限公司") -> Title:
    return services.save_title(
        customer_id=who, title_kind="COMPANY", name=name, tax_number=TAX_NUMBER
    )


def ask(who: UUID, *what: Consumption, key: UUID | None = None, kind: str = "GENERAL") -> Invoice:
    return services.ask(
        customer_id=who,
        title_id=(Title.objects.filter(customer_id=who).first() or a_title(who)).public_id,
        kind=kind,
        consumptions=[one.public_id for one in what],
        email="finance@customer.test",
        request_key=key or new_id(),
        at=AT,
    )


def papers(number: int = 1, *, day: date = date(2026, 11, 20)) -> Papers:
    upload = SimpleUploadedFile("invoice.pdf", b"%PDF-1.7 an invoice")
    return Papers("", f"{number:020d}", day, upload)


@pytest.fixture
def shop(db: None, harbour: Distributor) -> Iterator[None]:
    with tenancy.enter(harbour.schema_name):
        yield
