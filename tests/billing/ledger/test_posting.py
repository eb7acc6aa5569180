"""What business code tells the ledger, and what the ledger answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from billing.ledger import days, queries, services
from billing.ledger.chart import RULES
from billing.ledger.enums import PeriodState
from billing.ledger.errors import (
    AlreadyReversed,
    FloorBreached,
    Malformed,
    NotReversible,
    PeriodClosed,
    SourceConflict,
    UnmatchedEvent,
)
from billing.ledger.models import Account, Entry, Period, PostingRule
from billing.ledger.parties import Party
from shared_apps.distributors.models import Distributor
from shared_apps.kernel import tenancy
from shared_apps.kernel.money import Money
from tests.billing.ledger.telling import (
    AT,
    AVAILABLE,
    CHANNEL,
    CUSTOMER,
    HELD,
    NEIGHBOUR,
    PARENT,
    available,
    event,
    held,
    judge,
    written,
)

pytestmark = pytest.mark.usefixtures("books")


def post(*args: str, **kwargs: object) -> Entry:
    return services.post_events(events=[event(*args, **kwargs)])[0]  # type: ignore[arg-type]


def lines(entry: Entry) -> list[tuple[str, str, int]]:
    return [
        (line.direction, line.account_code, line.amount.minor)
        for line in queries.entry_detail(public_id=entry.public_id).lines
    ]


def test_a_recharge_debits_the_channel_and_credits_the_customer() -> None:
    entry = services.post_event(
        event="recharge",
        source="payment:1",
        effective_at=AT,
        parties={"customer": CUSTOMER, "channel": CHANNEL},
        amounts={"amount": Money.of("100.00")},
        memo="充值",
    )
    judge()
    assert lines(entry) == [
        ("DEBIT", "1012.channel.alipay-1", 10000),
        ("CREDIT", "220301.customer.c-1", 10000),
    ]
    assert (entry.journal.code, entry.kind, entry.memo) == ("CASH", "recharge", "充值")
    assert available() == Money.of("100.00")
    assert Account.objects.get(code="220301.customer.c-1").name == "演示客户"


def test_every_standard_event_moves_what_it_says() -> None:
    steps = [
        ("recharge", "100.00", {"1012": "100.00", AVAILABLE: "100.00"}),
        ("hold", "60.00", {AVAILABLE: "40.00", HELD: "60.00"}),
        ("release", "10.00", {AVAILABLE: "50.00", HELD: "50.00"}),
        ("consumption", "50.00", {HELD: "0.00", "6001": "50.00"}),
        ("consumption_refund", "5.00", {AVAILABLE: "55.00", "6001": "45.00"}),
        ("hold", "55.00", {AVAILABLE: "0.00", HELD: "55.00"}),
        ("payout", "55.00", {HELD: "0.00", "1012": "45.00"}),
        ("purchase", "40.00", {"6401": "40.00", "2202": "40.00"}),
        ("purchase_refund", "4.00", {"6401": "36.00", "2202": "36.00"}),
        ("supply", "30.00", {"1122": "30.00", "6001": "75.00"}),
        ("supply_refund", "3.00", {"1122": "27.00", "6001": "72.00"}),
        ("offline_recharge", "20.00", {"1002": "20.00", AVAILABLE: "20.00"}),
        ("hold", "20.00", {AVAILABLE: "0.00", HELD: "20.00"}),
        ("bank_payout", "20.00", {HELD: "0.00", "1002": "0.00"}),
        ("settlement_receipt", "27.00", {"1122": "0.00", "1002": "27.00"}),
        ("settlement_payment", "26.00", {"2202": "10.00", "1002": "1.00"}),
        ("commission_income", "2.00", {"1122": "2.00", "6051": "2.00"}),
        ("commission_expense", "1.00", {"6601": "1.00", "2202": "11.00"}),
        ("channel_fee", "1.00", {"6603": "1.00", "1012": "44.00"}),
        ("channel_fee_return", "0.50", {"6603": "0.50", "1012": "44.50"}),
        ("channel_surplus", "2.00", {"1012": "46.50", "2241": "2.00"}),
        ("channel_shortage", "3.00", {"1221": "3.00", "1012": "43.50"}),
        ("credit_consumption", "10.00", {"1124": "10.00", "6001": "82.00"}),
        ("offline_recharge", "4.00", {"1002": "5.00", AVAILABLE: "4.00"}),
        ("hold", "4.00", {AVAILABLE: "0.00", HELD: "4.00"}),
        ("credit_repayment", "4.00", {HELD: "0.00", "1124": "6.00"}),
    ]
    assert {kind for kind, _, _ in steps} == {
        rule.event for rule in RULES if rule.amount == "amount"
    }
    for number, (kind, amount, after) in enumerate(steps):
        post(kind, amount, f"step:{number}")
        assert {code: str(queries.balance(account=code)) for code in after} == after, kind
    judge()
    assert queries.trial_balance().gap() == Money.zero()


def test_the_same_source_posts_once() -> None:
    first = post("recharge", "10.00", "payment:1")
    before = written()
    assert post("recharge", "10.00", "payment:1") == first
    assert written() == before


def test_the_same_source_told_later_by_another_name_is_still_the_same() -> None:
    first = post("recharge", "10.00", "payment:1")
    again = event(
        "recharge", "10.00", "payment:1", customer=replace(CUSTOMER, name="改名"), minutes=9
    )
    assert services.post_events(events=[again])[0] == first


@pytest.mark.parametrize(
    ("kind", "amount", "customer"),
    [
        ("recharge", "10.01", CUSTOMER),
        ("recharge", "10.00", NEIGHBOUR),
        ("supply", "10.00", CUSTOMER),
    ],
)
def test_the_same_source_with_other_contents_is_refused(
    kind: str, amount: str, customer: Party
) -> None:
    post("recharge", "10.00", "payment:1")
    before = written()
    with pytest.raises(SourceConflict) as refused:
        post(kind, amount, "payment:1", customer=customer)
    assert refused.value.attributes["source"] == "payment:1"
    assert written() == before


def test_what_the_balance_does_not_cover_is_refused_by_name() -> None:
    post("recharge", "10.00", "payment:1")
    before = written()
    with pytest.raises(FloorBreached) as refused:
        post("hold", "10.01", "hold:1")
    assert refused.value.attributes == {
        "account": "220301.customer.c-1",
        "name": "演示客户",
        "source": "hold:1",
    }
    assert str(refused.value) == "余额不足，请充值后再试。"
    assert written() == before
    post("hold", "10.00", "hold:2")
    assert (available(), held()) == (Money.zero(), Money.of("10.00"))


def test_one_customers_balance_does_not_cover_anothers() -> None:
    post("recharge", "10.00", "payment:1")
    with pytest.raises(FloorBreached):
        post("hold", "0.01", "hold:1", customer=NEIGHBOUR)
    assert held(NEIGHBOUR) == Money.zero()


def test_an_event_that_no_rule_knows_is_refused() -> None:
    before = written()
    with pytest.raises(UnmatchedEvent) as refused:
        post("donation", "1.00", "donation:1")
    assert refused.value.attributes["event"] == "donation"
    services.switch_off(event="recharge", at=AT)
    with pytest.raises(UnmatchedEvent):
        post("recharge", "1.00", "payment:1")
    assert written() == before


def test_an_amount_or_a_party_that_no_rule_has_a_place_for_is_refused() -> None:
    before = written()
    told = event("recharge", "1.00", "payment:1")
    with pytest.raises(UnmatchedEvent):
        services.post_events(events=[replace(told, amounts={**told.amounts, "fee": Money(1)})])
    with pytest.raises(UnmatchedEvent):
        services.post_events(events=[replace(told, parties={"customer": CUSTOMER})])
    assert written() == before


@pytest.mark.parametrize("minor", [0, -1])
def test_nothing_or_less_than_nothing_is_refused(minor: int) -> None:
    before = written()
    with pytest.raises(Malformed):
        services.post_events(events=[event("recharge", Money(minor), "payment:1")])
    assert written() == before


def test_amounts_that_are_zero_drop_out_in_pairs() -> None:
    version = services.draft(event="recharge", at=AT)
    services.save_rule(
        version=version,
        position=2,
        name="充值（含手续费）",
        journal="CASH",
        lines=[
            {"side": "DEBIT", "account": "1012", "party": "channel", "amount": {"amount": 1}},
            {"side": "CREDIT", "account": "220301", "party": "customer", "amount": {"amount": 1}},
            {"side": "DEBIT", "account": "6603", "party": None, "amount": {"fee": 1}},
            {"side": "CREDIT", "account": "1012", "party": "channel", "amount": {"fee": 1}},
        ],
    )
    services.switch_on(version=version, starts_at=None, at=AT)
    told = event("recharge", "100.00", "payment:1")
    with_fee = replace(told, amounts={**told.amounts, "fee": Money.of("0.60")})
    without = replace(told, source="payment:2", amounts={**told.amounts, "fee": Money.zero()})
    first, second = services.post_events(events=[with_fee, without])
    judge()
    assert lines(first)[2:] == [("DEBIT", "6603", 60), ("CREDIT", "1012.channel.alipay-1", 60)]
    assert len(lines(second)) == 2
    assert str(queries.balance(account="1012", party=CHANNEL)) == "199.40"


def test_a_reversal_is_the_negated_copy_and_happens_once() -> None:
    entry = post("recharge", "10.00", "payment:1")
    reversal = services.reverse(
        entry=entry, source="undo:1", at=AT + timedelta(days=1), memo="误充"
    )
    judge()
    assert lines(reversal) == [
        ("CREDIT", "1012.channel.alipay-1", 1000),
        ("DEBIT", "220301.customer.c-1", 1000),
    ]
    assert reversal.reverses == entry
    assert available() == Money.zero()
    assert services.reverse(entry=entry, source="undo:1", at=AT, memo="误充") == reversal
    before = written()
    with pytest.raises(AlreadyReversed):
        services.reverse(entry=entry, source="undo:2", at=AT, memo="误充")
    assert written() == before


def test_a_reversal_is_not_reversed() -> None:
    reversal = services.reverse(entry=post("supply", "10.00", "o:1"), source="undo:1", at=AT)
    judge()
    before = written()
    with pytest.raises(NotReversible):
        services.reverse(entry=reversal, source="undo:2", at=AT)
    assert written() == before


def test_a_reversal_does_not_break_a_floor() -> None:
    recharge = post("recharge", "10.00", "payment:1")
    post("hold", "1.00", "hold:1")
    before = written()
    with pytest.raises(FloorBreached):
        services.reverse(entry=recharge, source="undo:1", at=AT)
    assert written() == before


def test_a_reversal_follows_what_was_written_not_the_rules_of_today() -> None:
    entry = post("supply", "10.00", "o:1")
    services.switch_off(event="supply", at=AT)
    services.reverse(entry=entry, source="undo:1", at=AT)
    judge()
    assert queries.balance(account="1122") == queries.balance(account="6001") == Money.zero()


def close(*months: int) -> None:
    Period.objects.filter(start_date__month__in=months).update(state=PeriodState.CLOSED)


def test_a_late_fact_counts_from_the_first_open_day_and_keeps_its_own_time() -> None:
    close(1, 2, 3, 4)
    late = post("recharge", "10.00", "payment:1")
    assert late.effective_at == days.start_of(date(2026, 5, 1))
    assert late.happened_at == AT
    punctual = post("recharge", "10.00", "payment:2", minutes=60 * 24 * 60)
    assert (punctual.effective_at, punctual.happened_at) == (AT + timedelta(days=60), None)
    assert queries.balance(account="1012", effective_until=late.effective_at) == Money.zero()
    assert available() == Money.of("20.00")
    assert post("recharge", "10.00", "payment:1") == late


def test_a_late_fact_lands_in_the_gap_between_closed_periods() -> None:
    close(1, 3, 5)
    assert post("recharge", "1.00", "payment:1").effective_at == days.start_of(date(2026, 4, 1))
    in_april = AT + timedelta(days=30)
    assert post("recharge", "1.00", "payment:2", minutes=60 * 24 * 30).effective_at == in_april


def test_a_reversal_of_what_is_closed_lands_in_the_open_period() -> None:
    entry = post("supply", "10.00", "o:1")
    close(1, 2, 3)
    undone = services.reverse(entry=entry, source="undo:1", at=AT)
    assert (undone.effective_at, undone.happened_at) == (days.start_of(date(2026, 4, 1)), AT)
    assert queries.balance(account="6001", effective_until=undone.effective_at) == Money.of("10.00")


def test_an_entry_whose_date_is_meant_does_not_land_in_a_closed_period() -> None:
    close(3)
    before = written()
    told = replace(event("recharge", "10.00", "payment:1"), exact=True)
    with pytest.raises(PeriodClosed) as refused:
        services.post_events(events=[told])
    assert refused.value.attributes["start"] == "2026-03-01"
    assert written() == before


def test_the_day_of_a_period_is_chinas() -> None:
    close(3)
    last_of_february = replace(
        event("recharge", "1.00", "payment:1"),
        effective_at=AT.replace(month=2, day=28, hour=15, minute=59),
    )
    first_of_march = replace(
        last_of_february, source="payment:2", effective_at=AT.replace(month=2, day=28, hour=16)
    )
    before, after = services.post_events(events=[last_of_february, first_of_march])
    assert (before.effective_at, before.happened_at) == (last_of_february.effective_at, None)
    assert after.effective_at == days.start_of(date(2026, 4, 1))


def test_opening_the_books_again_changes_nothing() -> None:
    Account.objects.filter(code="6001").update(name="租赁收入")
    before = (Account.objects.count(), PostingRule.objects.count(), Period.objects.count())
    services.open_books(at=AT)
    assert (Account.objects.count(), PostingRule.objects.count(), Period.objects.count()) == before
    assert Account.objects.get(code="6001").name == "租赁收入"
    assert Period.objects.count() == 12


def test_a_batch_is_refused_where_its_entries_one_by_one_would_be() -> None:
    recharge, hold = event("recharge", "5.00", "payment:1"), event("hold", "5.00", "hold:1")
    before = written()
    with pytest.raises(FloorBreached):
        services.post_events(events=[hold, recharge])
    assert written() == before
    services.post_events(events=[recharge, hold])
    assert held() == Money.of("5.00")


def test_a_batch_is_all_or_nothing() -> None:
    before = written()
    with pytest.raises(FloorBreached):
        services.post_events(
            events=[event("recharge", "5.00", "payment:1"), event("hold", "5.01", "hold:1")]
        )
    assert written() == before


def test_a_batch_may_tell_a_source_twice_and_known_sources_again() -> None:
    known = post("recharge", "5.00", "payment:1")
    first, second, third = services.post_events(
        events=[
            event("recharge", "7.00", "payment:2"),
            event("recharge", "5.00", "payment:1"),
            event("recharge", "7.00", "payment:2"),
        ]
    )
    assert (second, third) == (known, first)
    assert available() == Money.of("12.00")
    before = written()
    with pytest.raises(SourceConflict):
        services.post_events(
            events=[event("recharge", "1.00", "payment:3"), event("recharge", "2.00", "payment:3")]
        )
    assert written() == before


def test_each_distributor_has_books_of_its_own(north: Distributor) -> None:
    post("recharge", "10.00", "payment:1")
    mine = written()
    with tenancy.enter(north.schema_name):
        services.open_books(at=AT)
        services.post_events(events=[event("recharge", "99.00", "payment:1")])
        assert available() == Money.of("99.00")
    assert written() == mine


def test_bulk_writes_the_same_books_as_one_by_one(north: Distributor) -> None:
    told = [
        event("recharge", "100.00", "a:1"),
        event("recharge", "50.00", "a:2", customer=NEIGHBOUR, minutes=1),
        event("hold", "99.99", "a:3", minutes=2),
        event("consumption", "33.33", "a:4", minutes=3),
        event("release", "66.66", "a:5", minutes=4),
        event("purchase", "20.00", "a:6", minutes=5),
        event("supply", "30.00", "a:7", minutes=6),
        event("recharge", "100.00", "a:1"),
    ]

    def content() -> list[object]:
        return [
            (e.source, e.kind, e.journal.code, e.effective_at, e.facts, lines(e))
            for e in queries.entries()
        ] + list(written())

    for one in told:
        services.post_events(events=[one])
    single = content()
    with tenancy.enter(north.schema_name):
        services.open_books(at=AT)
        services.post_events(events=told)
        assert content() == single
    assert PARENT.id in str(single)
