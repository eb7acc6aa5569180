"""Many at once, each with a connection of its own and a real commit."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date

from django.db import connection, transaction

from billing.ledger import days, queries, services
from billing.ledger.enums import PeriodState
from billing.ledger.errors import FloorBreached, SourceConflict
from billing.ledger.models import Account, Entry, Period, Posting
from billing.ledger.parties import Party
from shared_apps.kernel import tenancy
from shared_apps.kernel.errors import DomainError
from shared_apps.kernel.money import Money
from tests.billing.ledger.telling import available, event, held


def at_once(schema: str, many: int, act: Callable[[int], object]) -> Counter[str]:
    """Runs `act` in as many threads, all let go together; counts how they ended."""
    gate = threading.Barrier(many, timeout=60)

    def one(number: int) -> str:
        try:
            with tenancy.enter(schema):
                connection.ensure_connection()
                gate.wait()
                act(number)
        except DomainError as refused:
            return refused.code
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(max_workers=many) as pool:
        return Counter(pool.map(one, range(many)))


def test_fifty_holds_at_once_never_overdraw_one_balance(real_books: str) -> None:
    with tenancy.enter(real_books):
        services.post_events(events=[event("recharge", "10.00", "payment:1")])
    ends = at_once(
        real_books,
        50,
        lambda n: services.post_events(events=[event("hold", "0.70", f"hold:{n}")]),
    )
    assert ends == {"done": 14, FloorBreached.code: 36}
    with tenancy.enter(real_books):
        assert (available(), held()) == (Money.of("0.20"), Money.of("9.80"))
        assert Entry.objects.filter(kind="hold").count() == 14
        assert queries.trial_balance().gap() == Money.zero()


def test_one_source_told_by_twenty_at_once_is_one_entry(real_books: str) -> None:
    ends = at_once(
        real_books,
        20,
        lambda n: services.post_events(events=[event("recharge", "10.00", "payment:1")]),
    )
    assert ends == {"done": 20}
    with tenancy.enter(real_books):
        assert (Entry.objects.count(), Posting.objects.count()) == (1, 2)
        assert available() == Money.of("10.00")
        assert Account.objects.filter(party_id="c-1").count() == 1


def test_one_source_told_differently_at_once_is_one_entry(real_books: str) -> None:
    ends = at_once(
        real_books,
        10,
        lambda n: (
            services.post_events(events=[event("recharge", Money(100 + n), "payment:1")]) and None
        ),
    )
    assert ends == {"done": 1, SourceConflict.code: 9}
    with tenancy.enter(real_books):
        assert Entry.objects.count() == 1


def test_new_customers_open_their_accounts_once_whatever_the_order(real_books: str) -> None:
    def act(number: int) -> None:
        ids = [f"c-{n}" for n in range(8)]
        order = ids if number % 2 else ids[::-1]
        parties = [Party("CUSTOMER", one) for one in order]
        services.post_events(
            events=[
                event("recharge", "1.00", f"p:{number}:{party.id}", customer=party)
                for party in parties
            ]
        )

    assert at_once(real_books, 12, act) == {"done": 12}
    with tenancy.enter(real_books):
        balances = queries.party_balances(account="220301")
        assert {one.id: str(one.balance) for one in balances} == {
            f"c-{n}": "12.00" for n in range(8)
        }


def test_a_closing_waits_for_the_entry_under_way_and_moves_the_next(real_books: str) -> None:
    closed = threading.Event()

    def close() -> None:
        with tenancy.enter(real_books):
            march = Period.objects.get(start_date=date(2026, 3, 1))
            services.set_period_state(period=march, state=PeriodState.CLOSED)
            closed.set()
        connection.close()

    closing = threading.Thread(target=close)
    with tenancy.enter(real_books):
        with transaction.atomic():
            services.post_events(events=[event("recharge", "1.00", "payment:1")])
            closing.start()
            assert not closed.wait(0.5), "The period closed over an entry that was not committed."
        closing.join(timeout=30)
        assert closed.is_set()
        late = services.post_events(events=[event("recharge", "1.00", "payment:2")])[0]
        assert days.day_of(late.effective_at) == date(2026, 4, 1)
        assert days.day_of(Entry.objects.get(source="payment:1").effective_at) == date(2026, 3, 10)
