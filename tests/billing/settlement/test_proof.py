"""The proof of the books: it holds whatever was sold, given back and booked, and it finds what was tampered with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID

import pytest
from django.db import connection
from hypothesis import HealthCheck, Phase, given, settings, strategies

from billing.ledger.models import Posting
from billing.pricing.services import set_retail_percent
from billing.settlement import booker
from billing.settlement.models import Obligation
from billing.settlement.proof import Proof, prove
from shared_apps.catalog.models import Price
from shared_apps.distributors.models import Distributor
from shared_apps.distributors.services import agree_terms
from shared_apps.kernel import clock, tenancy
from tenant_apps.orders.models import OrderLine
from tenant_apps.orders.services import lines, paying
from tests import world

Cast = dict[str, Distributor]
COST_PERCENT = Decimal(70)
OTHERS = ("north", "harbour", "pier", "rival")


def proof(at: datetime | None = None) -> Proof:
    with tenancy.owner():
        return prove(at=at or clock.now())


def differences(found: Proof) -> list[str]:
    return [str(difference) for difference in found.differences]


@dataclass
class Country:
    """The cast under terms that change, and what it should owe by a count of our own."""

    cast: Cast
    parent: dict[str, str] = field(default_factory=dict)
    percent: dict[str, Decimal] = field(default_factory=dict)
    sold: list[tuple[str, UUID]] = field(default_factory=list)
    owed: Counter[tuple[str, str]] = field(default_factory=Counter)
    owed_of: dict[UUID, Counter[tuple[str, str]]] = field(default_factory=dict)
    paid: int = 0  # by customers, net of what went back to their balances
    moments: list[datetime] = field(default_factory=list)

    def plant(self, parents: tuple[int, int, int, int]) -> None:
        """Another tree of the same five: each hangs under one that stands before it.

        Nobody moves in the tree for real; what was sold under an older one is not given back here,
        because row policies show a party its parent and children of today.
        """
        self.sold.clear()
        placed = ["op"]
        with tenancy.shared():
            for slug, choice in zip(OTHERS, parents, strict=True):
                above = placed[choice % len(placed)]
                self.parent[slug] = above
                member = Distributor.objects.get(slug=slug)
                member.parent = Distributor.objects.get(slug=above)
                member.depth = member.parent.depth + 1
                member.save(update_fields=["parent", "depth"])
                placed.append(slug)

    def agree(self, slug: str, percent: Decimal) -> None:
        with tenancy.enter(self.cast[self.parent[slug]].schema_name):
            at = clock.now()
            child = Distributor.objects.get(slug=slug)
            agree_terms(child=child, wholesale_percent=percent, starts_at=at, at=at)
        self.percent[slug] = percent

    def ask(self, slug: str, percent: Decimal) -> None:
        with tenancy.enter(self.cast[slug].schema_name):
            set_retail_percent(percent=percent, at=clock.now())

    def sell(self, slug: str, hours: int, text: str) -> None:
        with tenancy.enter(self.cast[slug].schema_name):
            who = world.customer()
            choice = world.a_choice(hours=hours, text=text)
            order = world.place(who, choice)
            world.recharge(who, order.total)
            paying.pay_from_balance(order=order, at=clock.now())
            line = order.lines.select_related("supplier").get()
            lines.opened(line=line, at=clock.now())
            listed = Price.objects.get(plan=line.plan_id, effective__contains=order.placed_at)
        own: Counter[tuple[str, str]] = Counter()
        below = slug
        while True:
            above = self.parent.get(below)
            percent = self.percent[below] if above else COST_PERCENT
            exact = listed.list_hourly * percent * hours  # in fen: × 100, ÷ 100
            fen = int(exact.quantize(Decimal(1), ROUND_HALF_UP))
            own[below, above or line.supplier.display_name] += fen
            if above is None:
                break
            below = above
        self.paid += order.total_minor
        self.sold.append((slug, line.public_id))
        self.owed_of[line.public_id] = own
        self.owed.update(own)

    def give_back(self, number: int) -> None:
        slug, trace = self.sold.pop(number % len(self.sold))
        with tenancy.enter(self.cast[slug].schema_name):
            line = OrderLine.objects.get(public_id=trace)
            lines.refund(line=line, reason="不再需要", at=clock.now())
        self.paid -= line.amount_minor
        self.owed.subtract(self.owed_of[trace])

    def book(self, slug: str) -> None:
        with tenancy.enter(self.cast[slug].schema_name):
            booker.book()

    def margins(self) -> int:
        """Income less cost, over all books, in fen."""
        total = 0
        for member in self.cast.values():
            with tenancy.enter(member.schema_name):
                for minor, direction in Posting.objects.filter(
                    account__code__in=("6001", "6401")
                ).values_list("amount_minor", "direction"):
                    total += minor if direction == "CREDIT" else -minor
        return total

    def obliged(self) -> Counter[tuple[str, str]]:
        found: Counter[tuple[str, str]] = Counter()
        with tenancy.shared():
            for row in Obligation.objects.select_related("debtor", "creditor", "supplier"):
                above = row.creditor.slug if row.creditor else str(row.supplier)
                found[row.debtor.slug, above] += row.amount_minor
        return found


percents = strategies.decimals("50", "120", places=4)
members = strategies.sampled_from(("op", *OTHERS))
steps = strategies.one_of(
    strategies.tuples(
        strategies.just("sell"),
        members,
        strategies.integers(1, 400),
        strategies.sampled_from(("A100", "H100", "V100")),
    ),
    strategies.tuples(
        strategies.just("sell"), members, strategies.just(1), strategies.just("A100")
    ),
    strategies.tuples(strategies.just("give_back"), strategies.integers(0, 9)),
    strategies.tuples(strategies.just("book"), members),
    strategies.tuples(strategies.just("agree"), strategies.sampled_from(OTHERS), percents),
    strategies.tuples(strategies.just("ask"), members, percents),
)


@pytest.fixture
def country(committed: None, cast: Cast) -> Iterator[Country]:
    yield Country(cast)


@pytest.mark.slow
@settings(
    max_examples=8,
    deadline=None,
    database=None,
    phases=[Phase.generate],  # an example can't be told again: it stands on those before it
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    tree=strategies.tuples(*[strategies.integers(0, 4)] * 4),
    terms=strategies.tuples(*[percents] * 4),
    told=strategies.lists(steps, min_size=4, max_size=14),
    look=strategies.lists(strategies.floats(0, 1), min_size=2, max_size=3),
)
def test_whatever_happens_every_pair_agrees_and_every_fen_is_somebodys(
    country: Country,
    tree: tuple[int, int, int, int],
    terms: tuple[Decimal, ...],
    told: list[tuple[object, ...]],
    look: list[float],
) -> None:
    """Over one history that grows: each example goes on where the last one ended, under another tree."""
    began = clock.now()
    country.plant(tree)
    for slug, percent in zip(OTHERS, terms, strict=True):
        country.agree(slug, percent)
    for name, *arguments in told:
        if name != "give_back" or country.sold:
            getattr(country, str(name))(*arguments)
    now = proof()
    assert now.ok, differences(now)
    assert now.obliged_minor == sum(country.owed.values())
    # Any moment of the past is as well proved as this one, with what was in transit then.
    for part in look:
        then = proof(began + (clock.now() - began) * part)
        assert then.ok, differences(then)
    for slug in country.cast:
        country.book(slug)
    booked = proof()
    assert booked.ok, differences(booked)
    assert booked.in_transit == 0
    assert {pair: fen for pair, fen in country.obliged().items() if fen} == {
        pair: fen for pair, fen in country.owed.items() if fen
    }
    suppliers = sum(fen for (_, above), fen in country.owed.items() if above not in country.cast)
    assert country.paid - suppliers == country.margins()


@pytest.fixture
def books(committed: None, cast: Cast) -> Cast:
    """Two sales at pier, one given back, all booked; one more that is still being opened."""
    country = Country(cast, parent={"pier": "harbour", "harbour": "north", "north": "op"})
    country.percent = {"pier": Decimal(94), "harbour": Decimal(88), "north": Decimal(80)}
    for _ in range(2):
        country.sell("pier", 7, "A100")
    country.give_back(0)
    for slug in cast:
        country.book(slug)
    with tenancy.enter(cast["pier"].schema_name):
        who = world.customer()
        order = world.place(who, world.a_choice(hours=2))
        world.recharge(who, order.total)
        paying.pay_from_balance(order=order, at=clock.now())
    return cast


def tamper(*statements: str) -> None:
    """As somebody with the owner's password, past every guard."""
    with tenancy.owner(), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def test_every_tampering_is_found(books: Cast) -> None:
    """Each fault is planted, found by its amount and place, and taken back; then the proof holds again."""
    assert proof().ok
    harbour = books["harbour"].schema_name
    pier = books["pier"].schema_name
    unguarded = [
        f'ALTER TABLE "{schema}".{table} DISABLE TRIGGER USER'
        for schema in (harbour, pier)
        for table in ("ledger_posting", "ledger_entry")
    ]
    tamper(*unguarded)
    with tenancy.shared():
        obligation = Obligation.objects.filter(kind="SALE", position=1).earliest("id")
    owed = obligation.amount_minor  # by harbour to north
    its = f"WHERE id = {obligation.pk}"
    obligations = f"UPDATE public.settlement_obligation SET amount_minor = amount_minor %s {its}"
    creditor = f"UPDATE public.settlement_obligation SET creditor_id = %s {its}"
    bookings = f"UPDATE public.settlement_booking SET %s WHERE obligation_id = {obligation.pk} AND side = '%s'"
    postings = (
        f'UPDATE "{harbour}".ledger_posting SET amount_minor = amount_minor %s WHERE entry_id = '
        f"(SELECT min(id) FROM \"{harbour}\".ledger_entry WHERE kind = 'purchase') %s"
    )
    held = (
        f"UPDATE \"{pier}\".balances_hold SET amount_minor = amount_minor %s WHERE state = 'HELD'"
    )
    own, theirs = "harbour → north：应付账款", "harbour → north：应收账款"
    op, north = books["op"].pk, books["north"].pk
    one_side = "AND direction = 'CREDIT'"
    faults: dict[str, tuple[str, str, dict[str, int]]] = {
        "an obligation without its booking": (
            bookings % ("side = 'X'", "DEBTOR"),
            bookings % ("side = 'DEBTOR'", "X"),
            {"harbour → north：无记账任务的往来": owed},
        ),
        "a booking that says it is not booked and is": (
            bookings % ("booked_at = NULL", "DEBTOR"),
            bookings % ("booked_at = recorded_at", "DEBTOR"),
            {own: owed},
        ),
        "an obligation of another amount": (
            obligations % "+ 100",
            obligations % "- 100",
            {own: -100, theirs: -100},
        ),
        "a posting of another amount": (
            postings % ("+ 1", one_side),
            postings % ("- 1", one_side),
            {own: 1, "harbour：贷方合计": 1, "harbour：不平的分录": 1},
        ),
        "a whole entry of another amount": (
            postings % ("+ 1", ""),
            postings % ("- 1", ""),
            {own: 1},
        ),
        "a count of what was taken back": (
            f"UPDATE public.settlement_obligation SET refunded_minor = refunded_minor - 1 {its}",
            f"UPDATE public.settlement_obligation SET refunded_minor = refunded_minor + 1 {its}",
            {"harbour → north：已冲减合计": -1},
        ),
        "an obligation towards somebody else": (
            creditor % op,
            creditor % north,
            {
                own: owed,
                theirs: owed,
                "harbour → op：应付账款": -owed,
                "harbour → op：应收账款": -owed,
                "harbour → op：无记账任务的往来": owed,
            },
        ),
        "a hold of another amount": (
            held % "+ 5",
            held % "- 5",
            {"pier：客户冻结款": -5, "pier：冻结款与其批次的差额": 5},
        ),
    }
    names = {member.name: slug for slug, member in books.items()}
    for name, (planted, undone, expected) in faults.items():
        tamper(planted)
        found = proof()
        tamper(undone)
        assert not found.ok, name
        told = {}
        for difference in found.differences:
            where = difference.where
            for member, slug in names.items():
                where = where.replace(member, slug)
            told[f"{where}：{difference.what}"] = difference.minor
        assert told == expected, name
        again = proof()
        assert again.ok, (name, differences(again))
