"""Whatever happens in whatever order: debits equal credits, floors hold, and the books agree with a sum by hand."""

from __future__ import annotations

from collections import Counter

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.ledger import queries, services
from billing.ledger.chart import ACCOUNTS, RULES
from billing.ledger.enums import DEBIT_NORMAL
from billing.ledger.errors import AlreadyReversed, FloorBreached
from billing.ledger.events import Event
from billing.ledger.models import Entry
from shared_apps.kernel.money import Money
from tests.billing.ledger.telling import (
    AT,
    AVAILABLE,
    CUSTOMER,
    HELD,
    NEIGHBOUR,
    event,
    judge,
    written,
)

KINDS = sorted({rule.event for rule in RULES if rule.amount == "amount"})
DEBIT_CODES = {account.code for account in ACCOUNTS if account.kind in DEBIT_NORMAL}
FLOORED = {AVAILABLE, HELD}
DEBIT_SIDE = {account.code: account.kind in DEBIT_NORMAL for account in ACCOUNTS}
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["recharge", *KINDS]),
        st.integers(min_value=1, max_value=300),
        st.sampled_from([CUSTOMER, NEIGHBOUR]),
        st.booleans(),  # told twice
    ),
    max_size=14,
)


class ByHand:
    """The same rules, kept in a Counter of (control account, party): debits less credits."""

    def __init__(self) -> None:
        self.balances: Counter[tuple[str, str]] = Counter()

    def keys(self, told: Event) -> tuple[tuple[str, str], tuple[str, str]]:
        rule = next(rule for rule in RULES if rule.event == told.event)
        debit, credit = (
            (account, told.parties[role].id if role else "")
            for account, role in (rule.debit, rule.credit)
        )
        return debit, credit

    def allows(self, debit: tuple[str, str], minor: int) -> bool:
        return debit[0] not in FLOORED or -self.balances[debit] >= minor

    def move(self, debit: tuple[str, str], credit: tuple[str, str], minor: int) -> None:
        self.balances[debit] += minor
        self.balances[credit] -= minor


def ledger_by_party(code: str) -> dict[tuple[str, str], int]:
    balances = queries.party_balances(account=code)
    if not balances:
        total = queries.balance(account=code).minor
        return {(code, ""): total} if total else {}
    return {(code, one.id): one.balance.minor for one in balances}


@pytest.mark.usefixtures("books")
@given(steps=STEPS, undo=st.lists(st.integers(0, 13), max_size=4))
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_any_sequence_of_events_keeps_the_books_true(
    steps: list[tuple[str, int, object, bool]], undo: list[int]
) -> None:
    with transaction.atomic():
        by_hand = ByHand()
        posted: list[tuple[Entry, tuple[str, str], tuple[str, str], int]] = []
        for number, (kind, minor, customer, twice) in enumerate(steps):
            told = event(kind, Money(minor), f"step:{number}", customer=customer)  # type: ignore[arg-type]
            debit, credit = by_hand.keys(told)
            before = written()
            try:
                (entry,) = services.post_events(events=[told])
            except FloorBreached:
                assert not by_hand.allows(debit, minor)
                assert written() == before
                continue
            assert by_hand.allows(debit, minor)
            by_hand.move(debit, credit, minor)
            posted.append((entry, debit, credit, minor))
            if twice:
                before = written()
                assert services.post_events(events=[told]) == [entry]
                assert written() == before
        reversed_already: set[int] = set()
        for index in undo:
            if index >= len(posted):
                continue
            entry, debit, credit, minor = posted[index]
            try:
                services.reverse(
                    entry=entry, source=f"undo:{entry.pk}:{len(reversed_already)}", at=AT
                )
            except AlreadyReversed:
                assert entry.pk in reversed_already
            except FloorBreached:
                assert not by_hand.allows(credit, minor)
            else:
                assert entry.pk not in reversed_already
                reversed_already.add(entry.pk)
                by_hand.move(credit, debit, minor)
        judge()
        trial = queries.trial_balance()
        assert trial.gap() == Money.zero()
        assert trial.debit() == trial.credit()
        for code in {code for code, _ in by_hand.balances}:
            sign = 1 if code in DEBIT_CODES else -1
            expected = {k: sign * v for k, v in by_hand.balances.items() if v and k[0] == code}
            assert ledger_by_party(code) == expected
            assert code not in FLOORED or all(minor > 0 for minor in expected.values())
        transaction.set_rollback(True)
