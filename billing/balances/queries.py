"""What a customer has, in which lots, and what happened to it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce, Now

from billing.ledger.enums import PartyKind
from billing.ledger.models import Account
from shared_apps.kernel.money import Money

from .enums import ORDER_OF_USE, LotKind, UseWay
from .models import Hold, Lot, LotUse

_NOTHING = Money.zero()


@dataclass(frozen=True, slots=True)
class CustomerBalance:
    """`available` can be spent; of it `gifted` and `promo` were given and can't be withdrawn.

    `held` is set aside for orders being opened and payouts under way.
    """

    available: Money
    held: Money
    gifted: Money = _NOTHING
    promo: Money = _NOTHING

    @property
    def paid(self) -> Money:
        return self.available - self.gifted - self.promo


def _usable() -> Q:
    return Q(left_minor__gt=0) & (Q(expires_at=None) | Q(expires_at__gt=Now()))


def balance_of(*, customer_id: UUID) -> CustomerBalance:
    """A customer's money now. One query."""
    found = balances_of(customer_ids=[customer_id])
    return found.get(customer_id, CustomerBalance(_NOTHING, _NOTHING))


def balances_of(*, customer_ids: Collection[UUID]) -> dict[UUID, CustomerBalance]:
    """The same of several customers; those who never had money are left out. One query."""
    rows = (
        Lot.objects.filter(customer_id__in=customer_ids)
        .values("customer_id")
        .annotate(
            free_sum=Coalesce(Sum("left_minor", filter=_usable()), 0),
            held_sum=Coalesce(Sum("held_minor"), 0),
            gifted_sum=Coalesce(Sum("left_minor", filter=_usable() & Q(kind=LotKind.GIFTED)), 0),
            promo_sum=Coalesce(Sum("left_minor", filter=_usable() & Q(kind=LotKind.PROMO)), 0),
        )
    )
    return {
        row["customer_id"]: CustomerBalance(
            Money(row["free_sum"]),
            Money(row["held_sum"]),
            Money(row["gifted_sum"]),
            Money(row["promo_sum"]),
        )
        for row in rows
    }


def usable_lots(*, customer_id: UUID) -> list[Lot]:
    """The lots that can be spent, in the order of use. One query."""
    rank = {kind: place for place, kind in enumerate(ORDER_OF_USE)}
    found = Lot.objects.filter(_usable(), customer_id=customer_id).order_by(
        F("expires_at").asc(nulls_last=True), "id"
    )
    return sorted(found, key=lambda lot: rank[LotKind(lot.kind)])


def lots_of(*, customer_id: UUID) -> QuerySet[Lot]:
    """Every lot that a customer ever had, newest first."""
    return Lot.objects.filter(customer_id=customer_id).order_by("-id")


def uses_of(*, lot: Lot) -> QuerySet[LotUse]:
    return LotUse.objects.filter(lot=lot).select_related("entry", "hold").order_by("-id")


def account_code(*, customer_id: UUID) -> str:
    """The customer's first account in the books; empty before the first entry."""
    found = Account.objects.filter(party_kind=PartyKind.CUSTOMER, party_id=str(customer_id))
    return found.order_by("code").values_list("code", flat=True).first() or ""


def holds(*, subject_ids: Collection[UUID]) -> dict[UUID, Hold]:
    """What was set aside for order lines or refunds, by what it is for. One query."""
    return {hold.subject_id: hold for hold in Hold.objects.filter(subject_id__in=subject_ids)}


@dataclass(frozen=True, slots=True)
class Parts:
    """Money by where it came from, and what of all is set aside."""

    paid: Money
    gifted: Money
    promo: Money
    held: Money

    @property
    def available(self) -> Money:
        return self.paid + self.gifted + self.promo


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One entry as the customer sees it: what it changed, and what there was after it."""

    entry_id: UUID
    kind: str
    memo: str
    effective_at: datetime
    changes: Parts
    after: Parts


@dataclass(frozen=True, slots=True)
class Statement:
    """Newest first; `total` counts the lines of all pages."""

    items: list[StatementLine]
    total: int
    page: int
    per_page: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.per_page))


_STATEMENT = """
WITH move AS (
    SELECT u.entry_id,
           coalesce(sum(u.free_change) FILTER (WHERE l.kind = 'PAID'), 0)::bigint AS paid,
           coalesce(sum(u.free_change) FILTER (WHERE l.kind = 'GIFTED'), 0)::bigint AS gifted,
           coalesce(sum(u.free_change) FILTER (WHERE l.kind = 'PROMO'), 0)::bigint AS promo,
           sum(u.held_change)::bigint AS held,
           array_agg(DISTINCT l.kind::text) AS lots
      FROM balances_lotuse u JOIN balances_lot l ON l.id = u.lot_id
     WHERE u.customer_id = %(customer)s
     GROUP BY u.entry_id
), run AS (
    SELECT e.id, e.public_id, e.kind, e.memo, e.effective_at, m.lots,
           ARRAY[m.paid, m.gifted, m.promo, m.held] AS changes,
           ARRAY[sum(m.paid) OVER w, sum(m.gifted) OVER w, sum(m.promo) OVER w, sum(m.held) OVER w]::bigint[]
               AS after
      FROM move m JOIN ledger_entry e ON e.id = m.entry_id
    WINDOW w AS (ORDER BY e.effective_at, e.id)
), line AS (
    SELECT run.*, row_number() OVER (ORDER BY effective_at DESC, id DESC) AS place, count(*) OVER () AS total
      FROM run
     WHERE (%(since)s::timestamptz IS NULL OR effective_at >= %(since)s)
       AND (%(until)s::timestamptz IS NULL OR effective_at < %(until)s)
       AND (%(kind)s = '' OR kind = %(kind)s)
       AND (%(lot)s = '' OR %(lot)s = ANY (lots))
)
SELECT public_id, kind, memo, effective_at, changes, after, total, (place - 1) / %(per_page)s + 1
  FROM line
 WHERE (place - 1) / %(per_page)s + 1 = least(%(page)s, (total - 1) / %(per_page)s + 1)
 ORDER BY place
"""


def statement_of(
    *,
    customer_id: UUID,
    since: datetime | None = None,
    until: datetime | None = None,
    kind: str = "",
    lot: str = "",
    page: int = 1,
    per_page: int = 50,
) -> Statement:
    """A customer's movements in [since, until), newest first, of one kind of event and lot if asked for.

    What stood after each is reckoned from all of them, whatever is shown. A page beyond the last gives
    the last. One query.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _STATEMENT,
            {
                "customer": customer_id,
                "since": since,
                "until": until,
                "kind": kind,
                "lot": lot,
                "page": max(page, 1),
                "per_page": per_page,
            },
        )
        rows = cursor.fetchall()
    lines = [
        StatementLine(entry_id, what, memo, effective, _parts(changes), _parts(after))
        for entry_id, what, memo, effective, changes, after, _total, _page in rows
    ]
    total, shown = rows[0][6:] if rows else (0, 1)
    return Statement(lines, total, shown, per_page)


def _parts(minors: Sequence[int]) -> Parts:
    paid, gifted, promo, held = (Money(minor) for minor in minors)
    return Parts(paid, gifted, promo, held)


def kinds_of(*, customer_id: UUID) -> list[str]:
    """The kinds of events that the customer's statement has. One query."""
    found = LotUse.objects.filter(customer_id=customer_id).values_list("entry__kind", flat=True)
    return sorted(set(found.distinct()))


def paid_for(*, subject_id: UUID) -> Money:
    """What of a captured hold was the customer's own money: gifts and promotions left out. One query."""
    minor = LotUse.objects.filter(
        hold__subject_id=subject_id, way=UseWay.CAPTURE, lot__kind=LotKind.PAID
    ).aggregate(n=Sum("amount_minor", default=0))["n"]
    return Money(minor)
