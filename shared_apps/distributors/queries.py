from __future__ import annotations

from datetime import datetime

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
