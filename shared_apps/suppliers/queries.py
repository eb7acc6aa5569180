"""Reads. Connections and agreements answer only the platform and the operator; tenants find none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Q

from shared_apps.kernel import secrets

from . import registry
from .enums import AgreementState, SupplierState
from .errors import AgreementMissing, ConnectionMissing, HubNotFound, SupplierNotFound
from .models import Hub, SellingWindow, Supplier, SupplierConnection, SupplyAgreement
from .registry import ConnectionFacts

if TYPE_CHECKING:
    from .adapters.base import SupplierAdapter


def hubs() -> list[Hub]:
    return list(Hub.objects.all())


def hub(*, code: str) -> Hub:
    found = Hub.objects.filter(code=code).first()
    if found is None:
        raise HubNotFound(hub=code)
    return found


def suppliers() -> list[Supplier]:
    """Every supplier with its hub, in the order of their Chinese names. One query."""
    return list(Supplier.objects.select_related("hub"))


def supplier(*, slug: str | None = None, public_id: UUID | None = None) -> Supplier:
    wanted = Q(slug=slug) if slug is not None else Q(public_id=public_id)
    found = Supplier.objects.select_related("hub").filter(wanted).first()
    if found is None:
        raise SupplierNotFound()
    return found


def sells(*, supplier: Supplier, on: date) -> bool:
    """Whether the supplier may be sold on a day: it is active and an agreement is in force."""
    return (
        supplier.state == SupplierState.ACTIVE
        and SellingWindow.objects.filter(supplier=supplier, during__contains=on).exists()
    )


def agreement_in_force(*, supplier: Supplier, on: date) -> SupplyAgreement:
    found = (
        SupplyAgreement.objects.filter(supplier=supplier, valid_during__contains=on)
        .exclude(state=AgreementState.DRAFT)
        .first()
    )
    if found is None:
        raise AgreementMissing()
    return found


def cost_percent(*, supplier: Supplier, on: date) -> Decimal:
    """What the supplier's list price costs us on a day, in percent of it."""
    return agreement_in_force(supplier=supplier, on=on).cost_percent


def agreements(*, supplier: Supplier) -> list[SupplyAgreement]:
    return list(SupplyAgreement.objects.filter(supplier=supplier).order_by("valid_during", "id"))


def adapter_for(*, supplier: Supplier) -> SupplierAdapter:
    """The adapter that speaks with this supplier. Must run in the shared plane or as the operator.

    It opens the sealed secret, so it makes no sense to keep the result longer than one piece of work.
    """
    connection = SupplierConnection.objects.filter(supplier=supplier).first()
    if connection is None:
        raise ConnectionMissing()
    facts = ConnectionFacts(
        supplier_slug=supplier.slug,
        base_url=connection.base_url,
        username=connection.username,
        secret=secrets.unseal(connection.sealed_secret) if connection.sealed_secret else "",
    )
    return registry.build(connection.adapter, facts)


@dataclass(frozen=True, slots=True)
class SupplierOverview:
    """A supplier as the operator sees it: the agreement in force on a day, the door, what is behind it."""

    supplier: Supplier
    agreement: SupplyAgreement | None
    connection: SupplierConnection | None

    @property
    def sells(self) -> bool:
        return self.agreement is not None and self.supplier.state == SupplierState.ACTIVE


def overviews(*, on: date, text: str = "", state: str = "") -> list[SupplierOverview]:
    """Every supplier with its agreement in force and its connection. Three queries."""
    found = Supplier.objects.select_related("hub")
    if text:
        found = found.filter(
            Q(name__icontains=text) | Q(name_zh__icontains=text) | Q(slug__icontains=text)
        )
    if state:
        found = found.filter(state=state)
    agreements = {
        agreement.supplier_id: agreement
        for agreement in SupplyAgreement.objects.filter(valid_during__contains=on).exclude(
            state=AgreementState.DRAFT
        )
    }
    connections = {row.supplier_id: row for row in SupplierConnection.objects.all()}
    return [
        SupplierOverview(supplier, agreements.get(supplier.pk), connections.get(supplier.pk))
        for supplier in found
    ]


def connection(*, supplier: Supplier) -> SupplierConnection | None:
    return SupplierConnection.objects.filter(supplier=supplier).first()
