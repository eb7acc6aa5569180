"""Folded sums say what a sum of all postings says, as of any moment, also while others post."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.ledger import services
from billing.ledger.models import Entry, FoldedSum, FoldMark, Journal
from billing.ledger.queries.sums import Sums, sums
from billing.ledger.services.folding import fold
from billing.settlement import proof
from shared_apps.kernel import clock, tenancy
from shared_apps.kernel.money import Money
from tests.billing.ledger.telling import AT, CUSTOMER, NEIGHBOUR, event

DAY = 24 * 60
MOMENTS = st.integers(-80 * DAY, 80 * DAY)  # minutes around AT


def plain(effective: datetime | None, recorded: datetime | None) -> Sums:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT p.account_id,
                   coalesce(sum(p.amount_minor) FILTER (WHERE p.direction = 'DEBIT'), 0)::bigint,
                   coalesce(sum(p.amount_minor) FILTER (WHERE p.direction = 'CREDIT'), 0)::bigint
              FROM ledger_posting p JOIN ledger_entry e ON e.id = p.entry_id
             WHERE (%(e)s::timestamptz IS NULL OR e.effective_at < %(e)s)
               AND (%(r)s::timestamptz IS NULL OR e.recorded_at < %(r)s)
             GROUP BY 1
            """,
            {"e": effective, "r": recorded},
        )
        return {pk: (debit, credit) for pk, debit, credit in cursor.fetchall()}


def recharge(source: str, minor: int, minutes: int, *, other: bool = False) -> None:
    customer = NEIGHBOUR if other else CUSTOMER
    told = event("recharge", Money(minor), source, customer=customer, minutes=minutes)
    services.post_events(events=[told])


@pytest.mark.usefixtures("books")
@given(
    told=st.lists(st.tuples(st.integers(1, 500), MOMENTS, st.booleans()), max_size=12),
    folds=st.sets(st.integers(0, 12), max_size=3),
    asked=st.lists(
        st.tuples(st.none() | MOMENTS, st.none() | st.integers(0, 12), st.integers(-70, 70)),
        min_size=1,
        max_size=6,
    ),
)
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_at_any_moment_the_sums_are_those_of_all_postings(
    told: list[tuple[int, int, bool]],
    folds: set[int],
    asked: list[tuple[int | None, int | None, int]],
) -> None:
    with transaction.atomic():
        for number, (minor, minutes, other) in enumerate(told):
            recharge(f"p:{number}", minor, minutes, other=other)
            if number in folds:
                fold()
        recorded = list(Entry.objects.order_by("id").values_list("recorded_at", flat=True))
        for moment, place, days in asked:
            effective = None if moment is None else AT + timedelta(minutes=moment)
            known = None
            if place is not None and recorded:
                known = recorded[place % len(recorded)] + timedelta(days=days if days > 60 else 0)
            found = sums(effective_until=effective, recorded_until=known)
            assert found == plain(effective, known)
            for account, moved in found.items():
                assert sums(
                    accounts=[account], effective_until=effective, recorded_until=known
                ) == {account: moved}
        transaction.set_rollback(True)


@pytest.mark.usefixtures("books")
def test_what_was_recorded_on_other_days_is_told_apart() -> None:
    """Days of recording cannot be chosen; folded rows are moved back by hand, as if they had been."""
    recharge("p:1", 100, 0)
    fold()
    FoldedSum.objects.update(recorded_on="2026-03-10")
    FoldedSum.objects.filter(monthly=True).update(recorded_on="2026-03-01")
    recharge("p:2", 7, 0)
    fold()
    before = datetime(2026, 3, 20, tzinfo=AT.tzinfo)
    assert set(sums(recorded_until=before).values()) == {(100, 0), (0, 100)}
    assert set(sums(recorded_until=before, effective_until=AT + timedelta(days=2)).values()) == {
        (100, 0),
        (0, 100),
    }
    assert sums(recorded_until=datetime(2026, 3, 9, tzinfo=AT.tzinfo)) == {}
    assert set(sums().values()) == {(107, 0), (0, 107)}


def test_folding_again_folds_nothing(real_books: str) -> None:
    with tenancy.enter(real_books):
        recharge("p:1", 100, 0)
        assert fold() > 0
        assert fold() == 0
        assert FoldedSum.objects.count() == 4  # two accounts, a day and a month
        assert sums() == plain(None, None)


def test_what_is_not_committed_is_not_skipped(real_books: str) -> None:
    """An entry that took its id before the mark was set, and is committed afterwards, must not be lost."""
    written, commit = threading.Event(), threading.Event()

    def slow() -> None:
        with tenancy.enter(real_books):
            with transaction.atomic():
                recharge("slow", 5, 0, other=True)
                written.set()
                assert commit.wait(30)
            connection.close()

    writer = threading.Thread(target=slow)
    with tenancy.enter(real_books):
        recharge("first", 1, 0)
        writer.start()
        assert written.wait(30)
        recharge("second", 2, 0)
        folding = threading.Thread(target=_fold_in, args=(real_books,))
        folding.start()
        folding.join(0.5)
        assert folding.is_alive(), "It folded past an entry that was not committed."
        recharge("third", 4, 0)  # and posting does not wait for the folding
        commit.set()
        writer.join(30)
        folding.join(30)
        mark = FoldMark.objects.get().entry_id
        assert mark >= Entry.objects.get(source="slow").pk
        assert sums() == plain(None, None)
        assert Entry.objects.filter(pk__gt=mark).exists()


def _fold_in(schema: str) -> None:
    with tenancy.enter(schema):
        fold()
    connection.close()


def test_many_post_while_others_fold(real_books: str) -> None:
    def post(number: int) -> None:
        with tenancy.enter(real_books):
            for n in range(25):
                recharge(f"p:{number}:{n}", 1 + n, n * 300)
        connection.close()

    def keep_folding() -> None:
        while any(thread.is_alive() for thread in posting):
            _fold_in(real_books)

    posting = [threading.Thread(target=post, args=(number,)) for number in range(4)]
    folding = [threading.Thread(target=keep_folding) for _ in range(2)]
    for thread in posting + folding:
        thread.start()
    for thread in posting + folding:
        thread.join(120)
    with tenancy.enter(real_books):
        assert Entry.objects.count() == 100
        assert sums() == plain(None, None)
        fold()
        assert not Entry.objects.filter(pk__gt=FoldMark.objects.get().entry_id).exists()
        assert sums() == plain(None, None)


def test_an_entry_by_hand_cannot_slip_under_the_mark(real_books: str) -> None:
    with tenancy.enter(real_books):
        recharge("p:1", 100, 0)
        fold()
        with pytest.raises(IntegrityError, match="ids of entries go up"), transaction.atomic():
            Entry.objects.create(
                pk=FoldMark.objects.get().entry_id - 1 or -1,
                journal=Journal.objects.get(code="GENERAL"),
                kind="by_hand",
                source="by:hand",
                effective_at=AT,
            )


def test_the_proof_finds_a_sum_that_was_bent(real_books: str) -> None:
    with tenancy.enter(real_books):
        recharge("p:1", 100, 0)
        fold()
    assert found_by_the_proof(real_books) == []
    with tenancy.enter(real_books):
        bent = FoldedSum.objects.filter(monthly=True, debit_minor=100).get()
        FoldedSum.objects.filter(pk=bent.pk).update(debit_minor=101)
    (found,) = found_by_the_proof(real_books)
    assert (found.what, found.expected_minor, found.found_minor) == ("累计发生额", 100, 101)


def found_by_the_proof(schema: str) -> list[proof.Difference]:
    proved = proof.Proof(at=clock.now())
    with tenancy.owner(), connection.cursor() as cursor:
        proof._prove_sums(cursor, proved, schema, "港湾")
    return proved.differences
