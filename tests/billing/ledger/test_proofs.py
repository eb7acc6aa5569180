"""The prover and the database judge alike, and what they accept balances."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.ledger import queries, rules, services
from billing.ledger.enums import Side
from billing.ledger.errors import Malformed, NegativeLine, RuleRefused, UnmatchedEvent
from billing.ledger.events import Event
from billing.ledger.models import BEGINNING, PostingRule
from billing.ledger.rules.proof import gap_of, with_parts
from shared_apps.kernel.money import Money
from tests.billing.ledger.telling import AT, judge, written

ACCOUNTS = ("1001", "1002", "2221", "6001", "6603")
COEFFICIENTS = st.integers(-3, 3).filter(bool)
FORMS = st.dictionaries(
    st.sampled_from(["amount", "fee", "tax"]), COEFFICIENTS, min_size=1, max_size=3
)
PARTS = st.sampled_from(
    [
        [],
        [{"name": "tax", "of": {"amount": 1}, "rate": "3/53"}],
        [{"name": "tax", "of": {"amount": 1, "fee": -1}, "rate": "1/2"}],
    ]
)
LINES = st.lists(
    st.builds(
        lambda side, account, amount: {
            "side": side,
            "account": account,
            "party": None,
            "amount": amount,
        },
        st.sampled_from(Side.values),
        st.sampled_from(ACCOUNTS),
        FORMS,
    ),
    min_size=1,
    max_size=4,
)
MINORS = st.fixed_dictionaries({"amount": st.integers(0, 10**9), "fee": st.integers(0, 10**6)})
EASY = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def balanced(lines: list[Any]) -> list[Any]:
    """The same lines and one more that takes what is missing, if anything is."""
    gap = gap_of(lines)
    if not gap:
        return lines
    return [*lines, {"side": "CREDIT", "account": "6001", "party": None, "amount": gap}]


def accepted(lines: Any, parts: Any) -> bool:
    try:
        rules.prove(lines=lines, parts=parts)
    except RuleRefused:
        return False
    return True


def proved_by_the_database(lines: Any, parts: Any) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT public.ledger_rule_proved(%s::jsonb, %s::jsonb)",
            [json.dumps(lines), json.dumps(parts)],
        )
        return bool(cursor.fetchone()[0])


@pytest.mark.usefixtures("books")
@given(lines=LINES, parts=PARTS, mend=st.booleans())
@EASY
def test_prover_and_database_agree(lines: Any, parts: Any, mend: bool) -> None:
    lines = balanced(lines) if mend else lines
    used = any("tax" in line["amount"] for line in lines)
    if parts and not used:
        parts = []  # a part that nobody uses is refused for tidiness, not for its sums
    assert accepted(lines, parts) == proved_by_the_database(lines, parts)
    assert accepted(lines, parts) == (gap_of(lines) == {} and len(lines) > 1)


@pytest.mark.usefixtures("books")
@given(lines=LINES, parts=PARTS)
@EASY
def test_what_is_unbalanced_is_refused_by_the_prover_and_by_the_table(
    lines: Any, parts: Any
) -> None:
    if not gap_of(lines):
        return
    with transaction.atomic():
        version = services.draft(event="recharge", at=AT)
        with pytest.raises(RuleRefused):
            services.save_rule(
                version=version, position=1, name="x", journal="CASH", lines=lines, parts=parts
            )
        with (
            pytest.raises(IntegrityError, match="ledger_postingrule_proved"),
            transaction.atomic(),
        ):
            PostingRule.objects.filter(version=version).update(lines=lines, parts=parts)
        transaction.set_rollback(True)


@given(lines=LINES, parts=PARTS, told=MINORS)
@settings(max_examples=300, deadline=None)
def test_an_accepted_rule_balances_for_any_amounts(
    lines: Any, parts: Any, told: dict[str, int]
) -> None:
    lines = balanced(lines)
    if len(lines) < 2:
        return
    minors = with_parts(told, parts)
    net = sum(
        (1 if line["side"] == "DEBIT" else -1)
        * sum(times * minors.get(name, 0) for name, times in line["amount"].items())
        for line in lines
    )
    assert net == 0


@pytest.mark.usefixtures("books")
@given(
    sets=st.lists(st.tuples(LINES, PARTS), min_size=1, max_size=3),
    told=st.lists(MINORS, min_size=1, max_size=5),
)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_any_events_under_any_rules_keep_debits_equal_to_credits(
    sets: list[tuple[Any, Any]], told: list[dict[str, int]]
) -> None:
    """A new version before every few events: an event is posted whole and balanced, or not at all."""
    with transaction.atomic():
        for number, (lines, parts) in enumerate(sets):
            whole = balanced(lines)
            used = {name for line in whole for name in line["amount"]}
            if len(whole) < 2 or (parts and "tax" not in used):
                continue
            version = services.draft(event="sale", at=AT)
            services.save_rule(
                version=version,
                position=1,
                name="任意",
                journal="GENERAL",
                lines=whole,
                parts=parts,
            )
            services.switch_on(version=version, starts_at=BEGINNING, at=AT)
            for step, minors in enumerate(told):
                amounts = {name: Money(minor) for name, minor in minors.items()}
                if "tax" in used and not parts:
                    amounts["tax"] = Money(7)
                before = written()
                try:
                    services.post_events(
                        events=[Event("sale", f"sale:{number}:{step}", AT, amounts=amounts)]
                    )
                except (NegativeLine, Malformed, UnmatchedEvent):
                    assert written() == before
        judge()
        trial = queries.trial_balance()
        assert trial.gap() == Money.zero()
        assert trial.debit() == trial.credit()
        transaction.set_rollback(True)
