"""Founding distributors and agreeing terms. Each function is one use case and one transaction."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from shared_apps.audit.services import record
from shared_apps.kernel import roles, schemas

from .branding import HEX, contrast_ok
from .errors import ColourUnreadable, PercentInvalid, SlugTaken, TermsInThePast
from .models import BRANDING, Distributor, Domain, ResellerTerms


def found(
    *,
    slug: str,
    name: str,
    parent: Distributor | None,
    hosts: list[str],
    wholesale_percent: Decimal | None = None,
    at: datetime,
    **branding: str,
) -> Distributor:
    """Makes the distributor's row, hosts, terms, schema and role. Runs as the owner of the database.

    Everything is one transaction: a half-made distributor does not exist.
    """
    with transaction.atomic():
        if Distributor.objects.filter(slug=slug).exists():
            raise SlugTaken(slug=slug)
        distributor = Distributor(
            slug=slug,
            name=name,
            parent=parent,
            depth=parent.depth + 1 if parent else 0,
            **branding,
        )
        distributor.full_clean(exclude=["parent"], validate_constraints=False)
        distributor.save()
        for position, host in enumerate(hosts):
            Domain(tenant=distributor, domain=host, is_primary=position == 0).save()
        if parent is not None and wholesale_percent is not None:
            ResellerTerms.objects.create(
                child=distributor,
                wholesale_percent=wholesale_percent,
                valid=DateTimeTZRange(at, None),
            )
        schemas.create(distributor.schema_name)
        if parent is None:
            roles.make_operator(distributor.schema_name)
        record(
            "distributor.found",
            obj=distributor,
            after={"slug": slug, "parent": parent.slug if parent else None, "hosts": hosts},
        )
    return distributor


def agree_terms(
    *,
    child: Distributor,
    wholesale_percent: Decimal,
    starts_at: datetime,
    at: datetime,
    note: str = "",
) -> ResellerTerms:
    """Opens new terms from `starts_at` and closes those in force there. Called as the parent.

    Locks the child's terms; rows that already ended are never touched.
    """
    percent = wholesale_percent
    if not percent.is_finite() or not 0 < percent <= 1000 or percent != round(percent, 4):
        raise PercentInvalid(field="wholesale_percent")
    with transaction.atomic():
        if starts_at < at:
            raise TermsInThePast(field="starts_at")
        rows = list(ResellerTerms.objects.select_for_update().filter(child=child).order_by("valid"))
        ends_at = None
        before = None
        for row in rows:
            if row.valid.lower == starts_at:
                # Never in force: terms for the same moment replace it, and the audit remembers it.
                before, ends_at = str(row.wholesale_percent), row.valid.upper
                row.delete()
            elif row.valid.lower > starts_at:
                ends_at = row.valid.lower if ends_at is None else min(ends_at, row.valid.lower)
            elif row.valid.upper is None or row.valid.upper > starts_at:
                before = str(row.wholesale_percent)
                ends_at = row.valid.upper if ends_at is None else ends_at
                row.valid = DateTimeTZRange(row.valid.lower, starts_at)
                row.save(update_fields=["valid"])
        terms = ResellerTerms.objects.create(
            child=child,
            wholesale_percent=wholesale_percent,
            valid=DateTimeTZRange(starts_at, ends_at),
            note=note,
        )
        record(
            "terms.agree",
            obj=terms,
            before={"wholesale_percent": before},
            after={"wholesale_percent": str(wholesale_percent), "starts_at": starts_at.isoformat()},
        )
    return terms


def change_branding(*, distributor: Distributor, **branding: str) -> Distributor:
    """What makes the shop visibly its own. A colour on which nothing could be read is refused."""
    colour = branding.get("primary_color", distributor.primary_color)
    if not HEX.fullmatch(colour) or not contrast_ok(colour):
        raise ColourUnreadable(field="primary_color")
    with transaction.atomic():
        locked = Distributor.objects.select_for_update().get(pk=distributor.pk)
        before = {name: getattr(locked, name) for name in BRANDING}
        changed = {
            name: text.strip()
            for name, text in branding.items()
            if name in BRANDING and text.strip() != before[name]
        }
        if not changed:
            return locked
        for name, text in changed.items():
            setattr(locked, name, text)
        locked.save(update_fields=list(changed))
        record(
            "distributor.change_branding",
            obj=locked,
            before={name: before[name] for name in changed},
            after=changed,
        )
    return locked
