from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from .errors import UnknownDistributor
from .models import Distributor, Domain, ResellerTerms


def by_host(host: str) -> Distributor | None:
    """The distributor whose shop answers under a host name. Asked in the shared plane."""
    domain = Domain.objects.select_related("tenant__parent").filter(domain=host).first()
    return domain.tenant if domain else None


def by_slug(slug: str) -> Distributor:
    found = Distributor.objects.select_related("parent").filter(slug=slug).first()
    if found is None:
        raise UnknownDistributor(slug=slug)
    return found


def by_schema(schema: str) -> Distributor:
    return Distributor.objects.select_related("parent").get(schema_name=schema)


def fleet() -> list[Distributor]:
    """Every distributor, parents before children, as far as the asking role can see."""
    return list(Distributor.objects.select_related("parent").order_by("depth", "slug"))


def terms_in_force(child: Distributor, *, at: datetime) -> ResellerTerms | None:
    return ResellerTerms.objects.filter(child=child, valid__contains=at).first()


def children(parent: Distributor) -> list[Distributor]:
    """Those directly below, by name."""
    return list(Distributor.objects.filter(parent=parent).order_by("name", "id"))


def child(parent: Distributor, public_id: UUID) -> Distributor:
    """One of those directly below; anybody else's does not exist."""
    found = Distributor.objects.filter(parent=parent, public_id=public_id).first()
    if found is None:
        raise UnknownDistributor(slug=public_id)
    return found


def terms(*, child_ids: Collection[int]) -> list[ResellerTerms]:
    """All terms of several children, newest first, as far as the asking party to them can see."""
    found = ResellerTerms.objects.filter(child__in=child_ids).select_related("child__parent")
    return list(found.order_by("child", "-valid"))


def domains() -> dict[int, list[str]]:
    """Host names by distributor, the primary one first, as far as the asking role can see."""
    hosts: dict[int, list[str]] = {}
    for domain in Domain.objects.order_by("-is_primary", "domain"):
        hosts.setdefault(domain.tenant_id, []).append(domain.domain)
    return hosts
