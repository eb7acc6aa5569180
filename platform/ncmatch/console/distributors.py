from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.http import HttpRequest, HttpResponse

from billing.settlement import queries as settlement
from shared_apps.audit import queries as audit
from shared_apps.distributors import queries
from shared_apps.distributors.models import Distributor, ResellerTerms
from shared_apps.distributors.site import distributor_of
from shared_apps.identity.access import access
from shared_apps.kernel import clock
from shared_apps.kernel.money import Money
from tenant_apps.backoffice import states, timeline
from tenant_apps.backoffice.cells import Mark
from tenant_apps.backoffice.frame import page
from tenant_apps.backoffice.months import Month

from . import sections

SECTION = sections.DISTRIBUTORS


@dataclass(slots=True)
class Branch:
    """A distributor with those below it; terms and money only where the operator is a party to them."""

    distributor: Distributor
    state: Mark
    hosts: list[str]
    terms: ResellerTerms | None
    owed: Money | None
    children: list[Branch] = field(default_factory=list)


def tree(*, me: Distributor, at: datetime, month: Month) -> list[Branch]:
    """The whole tree, drawn from the root; four queries."""
    hosts = queries.domains()
    fleet = queries.fleet()
    below = [one.pk for one in fleet if one.parent_id == me.pk]
    terms = {
        row.child_id: row
        for row in queries.terms(child_ids=below)
        if row.valid.lower <= at and (row.valid.upper is None or at < row.valid.upper)
    }
    owed = {
        total.public_id: total.amount - total.refunded
        for total in settlement.totals(
            me=me, payable=False, starts_at=month.starts_at, ends_at=month.ends_at
        )
    }
    branches = {
        one.pk: Branch(
            distributor=one,
            state=states.distributor(one.state),
            hosts=hosts.get(one.pk, []),
            terms=terms.get(one.pk),
            owed=owed.get(one.public_id),
        )
        for one in fleet
    }
    for one in fleet:
        if one.parent_id in branches:
            branches[one.parent_id].children.append(branches[one.pk])
    return [branches[one.pk] for one in fleet if one.parent_id is None]


@access(SECTION.policy)
def distributors(request: HttpRequest) -> HttpResponse:
    at = clock.now()
    month = Month.of(at)
    context = {
        "tree": tree(me=distributor_of(request), at=at, month=month),
        "count": len(queries.fleet()),
        "month": month,
    }
    return page(request, "console/distributors.html", SECTION, context)


@access(SECTION.policy)
def distributor(request: HttpRequest, slug: str) -> HttpResponse:
    at = clock.now()
    found = queries.by_slug(slug)
    is_party = distributor_of(request).pk in (found.pk, found.parent_id)
    context = {
        "found": found,
        "state": states.distributor(found.state),
        "hosts": queries.domains().get(found.pk, []),
        "children": queries.children(found),
        "is_party": is_party,
        "terms": queries.terms(child_ids=[found.pk]) if is_party else [],
        "events": timeline.events(audit.history(found)[:50]),
        "at": at,
    }
    return page(request, "console/distributor.html", SECTION, context)
