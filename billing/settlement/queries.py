"""What we owe and are owed. Row policies show each distributor its own hops only."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Case, Count, F, Max, Min, Prefetch, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce, NullIf

from shared_apps.distributors.models import Distributor
from shared_apps.kernel import clock
from shared_apps.kernel.money import Money

from .errors import ObligationNotFound
from .models import Booking, Kind, Obligation, PriceHop, RefundPermit


def due() -> Q:
    """Bookings to be tried now: those in transit, less what was refused a moment ago."""
    return Q(booked_at=None) & (Q(next_try_at=None) | Q(next_try_at__lte=clock.now()))


def schemas_with_pending_bookings() -> list[str]:
    return list(
        Booking.objects.filter(due())
        .values_list("party__schema_name", flat=True)
        .distinct()
        .order_by("party__schema_name")
    )


@dataclass(frozen=True, slots=True)
class OwnHop:
    """What a level owes above for a sale, and what of it was taken back since."""

    payable: Money
    to: str
    list_hourly: str
    percent: str
    refunded: Money

    @property
    def net(self) -> Money:
        return self.payable - self.refunded


def own_cost(*, trace_id: UUID, me: Distributor) -> OwnHop | None:
    """The asking distributor's own hop of a frozen waterfall, towards whom it owes."""
    return own_costs(trace_ids=[trace_id], me=me).get(trace_id)


def own_costs(*, trace_ids: Collection[UUID], me: Distributor) -> dict[UUID, OwnHop]:
    """The asking distributor's own hops of several waterfalls, by trace. Two queries."""
    hops = PriceHop.objects.filter(trace_id__in=trace_ids, debtor=me)
    sales = Obligation.objects.filter(trace_id__in=trace_ids, debtor=me, kind=Kind.SALE)
    back = dict(sales.values_list("trace_id", "refunded_minor"))
    return {
        hop.trace_id: OwnHop(
            Money(hop.amount_minor, hop.currency),
            hop.creditor.name if hop.creditor else str(hop.supplier),
            f"{hop.list_hourly:.2f}",
            f"{hop.percent:.2f}",
            Money(back.get(hop.trace_id, 0), hop.currency),
        )
        for hop in hops.select_related("creditor", "supplier")
    }


@dataclass(frozen=True, slots=True)
class CounterpartyTotal:
    """Totals towards one counterparty: what came about in a period, and what of it is not yet booked."""

    name: str
    public_id: UUID
    sales: int
    amount: Money
    refunded: Money
    in_transit: int


def totals(
    *, me: Distributor, payable: bool, starts_at: datetime, ends_at: datetime
) -> list[CounterpartyTotal]:
    """What `me` owes (`payable`) or is owed, by counterparty, for [starts_at, ends_at). One query."""
    side = "DEBTOR" if payable else "CREDITOR"
    mine = Q(debtor=me) if payable else Q(creditor=me)
    name: F | Coalesce = F("debtor__name")
    party: F | Coalesce = F("debtor__public_id")
    if payable:
        supplier = Coalesce(NullIf("supplier__name_zh", Value("")), "supplier__name")
        name = Coalesce("creditor__name", supplier)
        party = Coalesce("creditor__public_id", "supplier__public_id")
    rows = (
        Obligation.objects.filter(mine, effective_at__gte=starts_at, effective_at__lt=ends_at)
        .annotate(other_name=name, other_party=party)
        .values("other_name", "other_party")
        .annotate(
            sales=Count("id", filter=Q(kind="SALE"), distinct=True),
            amount=Sum(Case(When(kind="SALE", then="amount_minor"), default=Value(0))),
            refunded=Sum(Case(When(kind="REFUND", then=-F("amount_minor")), default=Value(0))),
        )
        .order_by("other_name")
    )
    waiting = dict(
        Booking.objects.filter(side=side, party=me, booked_at=None)
        .values_list(
            Coalesce("obligation__creditor__public_id", "obligation__supplier__public_id")
            if payable
            else "obligation__debtor__public_id"
        )
        .annotate(n=Count("id"))
    )
    return [
        CounterpartyTotal(
            name=row["other_name"],
            public_id=row["other_party"],
            sales=row["sales"],
            amount=Money(row["amount"]),
            refunded=Money(row["refunded"]),
            in_transit=waiting.get(row["other_party"], 0),
        )
        for row in rows
    ]


def check_counterparty(*, public_id: UUID, me: Distributor) -> None:
    """Refuses whoever `me` never had dealings with: of others one does not know that they exist."""
    if (
        not Obligation.objects.filter(Q(debtor=me) | Q(creditor=me))
        .filter(
            Q(debtor__public_id=public_id)
            | Q(creditor__public_id=public_id)
            | Q(supplier__public_id=public_id)
        )
        .exists()
    ):
        raise ObligationNotFound


def obligations(
    *,
    me: Distributor,
    payable: bool,
    starts_at: datetime,
    ends_at: datetime,
    counterparty: UUID | None = None,
) -> QuerySet[Obligation]:
    """The single obligations behind `totals`, newest first, each with `own_bookings`."""
    mine = Q(debtor=me) if payable else Q(creditor=me)
    found = Obligation.objects.filter(mine, effective_at__gte=starts_at, effective_at__lt=ends_at)
    if counterparty is not None:
        found = found.filter(
            Q(creditor__public_id=counterparty) | Q(supplier__public_id=counterparty)
            if payable
            else Q(debtor__public_id=counterparty)
        )
    return (
        found.select_related("debtor", "creditor", "supplier")
        .prefetch_related(_own_bookings(me))
        .order_by("-id")
    )


def obligation(*, public_id: UUID, me: Distributor) -> Obligation:
    found = (
        Obligation.objects.filter(Q(debtor=me) | Q(creditor=me), public_id=public_id)
        .select_related("debtor", "creditor", "supplier", "reverses")
        .prefetch_related(_own_bookings(me))
        .first()
    )
    if found is None:
        raise ObligationNotFound
    return found


def refund_permitted(*, trace_id: UUID) -> bool:
    """Whether the operator let a sale be taken back whole; only the operator may ask."""
    return RefundPermit.objects.filter(trace_id=trace_id).exists()


def traces(*, public_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """The traces of obligations, by obligation: an order line of the seller's. One query."""
    found = Obligation.objects.filter(public_id__in=public_ids)
    return dict(found.values_list("public_id", "trace_id"))


def _own_bookings(me: Distributor) -> Prefetch[str, QuerySet[Booking], str]:
    return Prefetch("bookings", Booking.objects.filter(party=me), "own_bookings")


@dataclass(frozen=True, slots=True)
class InTransit:
    """What came about and is not yet in our books; `refused` of it because our books said no."""

    waiting: int
    refused: int
    oldest_at: datetime | None
    reason: str


def in_transit(*, me: Distributor) -> InTransit:
    row = Booking.objects.filter(party=me, booked_at=None).aggregate(
        waiting=Count("id"),
        refused=Count("id", filter=~Q(error="")),
        oldest_at=Min("recorded_at"),
        reason=Max("error"),
    )
    return InTransit(row["waiting"], row["refused"], row["oldest_at"], row["reason"] or "")


def unbooked(*, me: Distributor, until: datetime) -> int:
    """How many obligations that came about before `until` are not in our books yet."""
    return Booking.objects.filter(
        party=me, booked_at=None, obligation__effective_at__lt=until
    ).count()


@dataclass(frozen=True, slots=True)
class PartyBacklog:
    name: str
    slug: str
    waiting: int
    oldest_at: datetime
    error: str


def booking_backlog() -> list[PartyBacklog]:
    """Who is behind with booking, by how much and why; as far as the asking role can see."""
    rows = (
        Booking.objects.filter(booked_at=None)
        .values("party__name", "party__slug")
        .annotate(waiting=Count("id"), oldest_at=Min("recorded_at"), reason=Min("error"))
        .order_by("oldest_at")
    )
    return [
        PartyBacklog(r["party__name"], r["party__slug"], r["waiting"], r["oldest_at"], r["reason"])
        for r in rows
    ]
