from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared_apps.distributors import queries as distributors
from shared_apps.distributors.models import Distributor, ResellerTerms


@dataclass(frozen=True, slots=True)
class Child:
    """One directly below: what it pays us now, what is agreed for later, and what was before."""

    distributor: Distributor
    in_force: ResellerTerms | None
    coming: list[ResellerTerms]
    past: list[ResellerTerms]


@dataclass(frozen=True, slots=True)
class Contracts:
    parent: Distributor | None
    own: list[ResellerTerms]
    own_in_force: ResellerTerms | None
    children: list[Child]


def contracts(*, me: Distributor, at: datetime) -> Contracts:
    """All terms to which this distributor is a party. Three queries."""
    below = distributors.children(me)
    all_terms = distributors.terms(child_ids=[me.pk, *(child.pk for child in below)])
    own = [row for row in all_terms if row.child_id == me.pk]
    return Contracts(
        parent=me.parent,
        own=own,
        own_in_force=next((row for row in own if _holds(row, at)), None),
        children=[
            _child(child, [row for row in all_terms if row.child_id == child.pk], at)
            for child in below
        ],
    )


def _child(child: Distributor, rows: list[ResellerTerms], at: datetime) -> Child:
    return Child(
        distributor=child,
        in_force=next((row for row in rows if _holds(row, at)), None),
        coming=[row for row in rows if row.valid.lower and row.valid.lower > at],
        past=[row for row in rows if row.valid.upper and row.valid.upper <= at],
    )


def _holds(row: ResellerTerms, at: datetime) -> bool:
    return row.valid.lower <= at and (row.valid.upper is None or at < row.valid.upper)
