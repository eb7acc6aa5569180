"""The only writes. Each is one use case and one transaction: lock, check, change, audit, publish."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from psycopg.types.range import DateRange
from pypinyin import lazy_pinyin

from shared_apps.audit.services import record
from shared_apps.kernel import secrets
from shared_apps.outbox.services import publish

from .enums import (
    AGREEMENT_MOVES,
    SUPPLIER_MOVES,
    AdapterKind,
    AgreementState,
    HubBasis,
    SupplierKind,
    SupplierState,
)
from .errors import (
    AgreementMoveRefused,
    AgreementOverlaps,
    AgreementPeriodInvalid,
    CostPercentInvalid,
    HubNotFound,
    SupplierExists,
    SupplierMoveRefused,
    SupplierNotFound,
)
from .hubs import HUBS
from .models import Hub, SellingWindow, Supplier, SupplierConnection, SupplyAgreement

SUPPLIER_CHANGED = "supplier.changed"


def load_hubs() -> int:
    """Brings the eight hubs to what `hubs.py` says; returns how many rows it wrote. Safe to repeat."""
    with transaction.atomic():
        known = {hub.code: hub for hub in Hub.objects.select_for_update()}
        written = 0
        for position, facts in enumerate(HUBS, start=1):
            wanted = {
                "name": facts.name,
                "provinces": list(facts.provinces),
                "clusters": list(facts.clusters),
                "longitude": facts.longitude,
                "latitude": facts.latitude,
                "pinyin": facts.pinyin,
                "position": position,
            }
            present = known.get(facts.code)
            if present and all(getattr(present, name) == value for name, value in wanted.items()):
                continue
            Hub.objects.update_or_create(code=facts.code, defaults=wanted)
            written += 1
        if written:
            record("hub.load", after={"written": written})
    return written


def register_supplier(
    *,
    slug: str,
    name: str,
    at: datetime,
    kind: str = SupplierKind.PRODUCT,
    name_zh: str = "",
    aliases: str = "",
    website: str = "",
) -> Supplier:
    """Makes a supplier known. It sells nothing until an agreement is in force."""
    with transaction.atomic():
        if Supplier.objects.filter(slug=slug).exists():
            raise SupplierExists(field="slug", slug=slug)
        supplier = Supplier(
            slug=slug,
            name=name,
            name_zh=name_zh,
            aliases=aliases,
            sort_key=sort_key(name_zh or name),
            kind=kind,
            state=SupplierState.ACTIVE,
            website=website,
            created_at=at,
        )
        supplier.save(force_insert=True)
        record("supplier.register", obj=supplier, after={"slug": slug, "name": name, "kind": kind})
    return supplier


def sort_key(name: str) -> str:
    """Latin letters to sort a name by: pinyin where it is Chinese."""
    return "".join(lazy_pinyin(name)).lower()[:200]


def move_supplier(*, supplier: Supplier, state: str) -> Supplier:
    """Suspends, resumes or closes a supplier; its offers appear or vanish with it at once."""
    with transaction.atomic():
        locked = _locked(supplier)
        if state not in SUPPLIER_MOVES[locked.state]:
            raise SupplierMoveRefused(state=locked.state, wanted=state)
        before, locked.state = locked.state, state
        locked.save(update_fields=["state"])
        record("supplier.move", obj=locked, before={"state": before}, after={"state": state})
        publish(SUPPLIER_CHANGED, {"supplier": locked.slug})
    return locked


def assign_hub(*, supplier: Supplier, hub_code: str, basis: str) -> Supplier:
    """Says at which hub a supplier stands, and on whose word. Safe to repeat."""
    with transaction.atomic():
        locked = _locked(supplier)
        hub = Hub.objects.filter(code=hub_code).first()
        if hub is None:
            raise HubNotFound(hub=hub_code)
        if (locked.hub_id, locked.hub_basis) == (hub.pk, basis):
            return locked
        before = {"hub": locked.hub.code if locked.hub else None, "basis": locked.hub_basis}
        locked.hub, locked.hub_basis = hub, HubBasis(basis)
        locked.save(update_fields=["hub", "hub_basis"])
        record(
            "supplier.assign_hub",
            obj=locked,
            before=before,
            after={"hub": hub_code, "basis": basis},
        )
        publish(SUPPLIER_CHANGED, {"supplier": locked.slug})
    return locked


def connect_supplier(
    *,
    supplier: Supplier,
    adapter: str,
    at: datetime,
    base_url: str = "",
    username: str = "",
    secret: str = "",
) -> SupplierConnection:
    """Sets the door to a supplier. The secret is sealed before it is stored, and no log repeats it."""
    with transaction.atomic():
        locked = _locked(supplier)
        present = SupplierConnection.objects.filter(supplier=locked).first()
        before = {"adapter": present.adapter, "base_url": present.base_url} if present else None
        connection, _ = SupplierConnection.objects.update_or_create(
            supplier=locked,
            defaults={
                "adapter": AdapterKind(adapter),
                "base_url": base_url,
                "username": username,
                "sealed_secret": secrets.seal(secret) if secret else "",
                "changed_at": at,
            },
        )
        record(
            "supplier.connect",
            obj=locked,
            before=before,
            after={"adapter": adapter, "base_url": base_url},
            note="密钥已更换" if secret else "",
        )
    return connection


def draft_agreement(
    *,
    supplier: Supplier,
    cost_percent: Decimal,
    starts_on: date,
    at: datetime,
    ends_on: date | None = None,
) -> SupplyAgreement:
    """Writes down terms that bind nobody yet. `ends_on` is the first day no longer covered."""
    if not 0 < cost_percent <= 100 or cost_percent != round(cost_percent, 6):
        raise CostPercentInvalid(field="cost_percent")
    if ends_on is not None and ends_on <= starts_on:
        raise AgreementPeriodInvalid(field="ends_on")
    with transaction.atomic():
        agreement = SupplyAgreement(
            supplier=supplier,
            cost_percent=cost_percent,
            state=AgreementState.DRAFT,
            valid_during=DateRange(starts_on, ends_on),
            created_at=at,
        )
        agreement.save(force_insert=True)
        record(
            "agreement.draft",
            obj=agreement,
            after={
                "supplier": supplier.slug,
                "cost_percent": str(cost_percent),
                "starts_on": starts_on.isoformat(),
                "ends_on": ends_on.isoformat() if ends_on else None,
            },
        )
    return agreement


def activate_agreement(*, agreement: SupplyAgreement) -> SupplyAgreement:
    """Puts an agreement in force for its days. Locks the supplier, so that two cannot overlap."""
    with transaction.atomic():
        _locked(agreement.supplier)
        locked = SupplyAgreement.objects.select_for_update().get(pk=agreement.pk)
        _agreement_may(locked, AgreementState.ACTIVE)
        standing = SupplyAgreement.objects.filter(
            supplier=locked.supplier_id, valid_during__overlap=locked.valid_during
        ).exclude(state=AgreementState.DRAFT)
        if standing.exists():
            raise AgreementOverlaps()
        locked.state = AgreementState.ACTIVE
        locked.save(update_fields=["state"])
        SellingWindow(
            agreement=locked, supplier_id=locked.supplier_id, during=locked.valid_during
        ).save(force_insert=True)
        record("agreement.activate", obj=locked, after={"state": AgreementState.ACTIVE.value})
    return locked


def terminate_agreement(*, agreement: SupplyAgreement, on: date, at: datetime) -> SupplyAgreement:
    """Ends an agreement: `on` is the first day it no longer covers. Days already covered stay.

    Until that day it stays in force, with its end set; the state changes when the day has come.
    """
    with transaction.atomic():
        _locked(agreement.supplier)
        locked = SupplyAgreement.objects.select_for_update().get(pk=agreement.pk)
        _agreement_may(locked, AgreementState.TERMINATED)
        before = locked.valid_during
        if before.upper is not None and before.upper <= on:
            raise AgreementPeriodInvalid(field="on")
        if on <= timezone.localdate(at):
            locked.state = AgreementState.TERMINATED
        windows = SellingWindow.objects.filter(agreement=locked)
        if on > before.lower:
            locked.valid_during = DateRange(before.lower, on)
            windows.update(during=locked.valid_during)
        else:
            locked.state = AgreementState.TERMINATED
            locked.valid_during = DateRange(empty=True)
            windows.delete()
        locked.save(update_fields=["state", "valid_during"])
        record(
            "agreement.terminate",
            obj=locked,
            before={"valid_during": str(before)},
            after={"valid_during": str(locked.valid_during), "state": locked.state},
        )
    return locked


def _agreement_may(agreement: SupplyAgreement, state: str) -> None:
    if state not in AGREEMENT_MOVES[agreement.state]:
        raise AgreementMoveRefused(state=agreement.state, wanted=state)


def _locked(supplier: Supplier) -> Supplier:
    locked = Supplier.objects.select_for_update(of=("self",)).filter(pk=supplier.pk).first()
    if locked is None:
        raise SupplierNotFound()
    return locked
