"""What a rule may say, which one is chosen, and which version counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from billing.ledger import queries, rules, services
from billing.ledger.enums import PeriodState, RuleState
from billing.ledger.errors import (
    Malformed,
    NegativeLine,
    RuleRefused,
    UnknownAccount,
    UnmatchedEvent,
    VersionFixed,
    VersionRefused,
)
from billing.ledger.events import Event
from billing.ledger.models import BEGINNING, Entry, Period, PostingRule, RuleVersion
from billing.ledger.queries.rules import read_book, read_mark
from billing.ledger.queries.trying import try_on
from billing.ledger.rules import RuleLine
from shared_apps.kernel.money import Money
from tests.billing.ledger.telling import AT, CHANNEL, CUSTOMER, PARENT, SUPPLIER, event, written

pytestmark = pytest.mark.usefixtures("books")

TAX: list[rules.Part] = [{"name": "tax", "of": {"amount": 1}, "rate": "3/53"}]


def line(side: str, account: str, amount: str, party: str | None = None) -> RuleLine:
    return {"side": side, "account": account, "party": party, "amount": rules.read_form(amount)}


PAID = [line("DEBIT", "1001", "amount"), line("CREDIT", "6001", "amount")]
WITH_TAX = [
    line("DEBIT", "1001", "amount"),
    line("CREDIT", "6001", "amount - tax"),
    line("CREDIT", "2221", "tax"),
]


def ruled(*said: dict[str, Any], event: str = "sale", at: datetime = AT) -> RuleVersion:
    """A version switched on at `at`, of rules with conditions and lines."""
    version = services.draft(event=event, at=at)
    PostingRule.objects.filter(version=version).delete()
    for position, one in enumerate(said, start=1):
        services.save_rule(
            version=version,
            position=position,
            **{"name": f"规则{position}", "journal": "GENERAL", "lines": PAID} | one,
        )
    return services.switch_on(version=version, starts_at=BEGINNING, at=at)


def sale(amount: str = "100.00", source: str = "sale:1", **told: Any) -> Event:
    return Event("sale", source, AT, amounts={"amount": Money.of(amount)}, **told)


def posted(told: Event) -> list[tuple[str, str, int]]:
    (entry,) = services.post_events(events=[told])
    return [
        (p.direction, p.account.code, p.amount_minor)
        for p in entry.postings.select_related("account").order_by("id")
    ]


class TestProof:
    @pytest.mark.parametrize(
        ("lines", "parts", "said"),
        [
            (PAID[:1], [], "至少需要一借一贷两行"),
            ([PAID[0], line("CREDIT", "6001", "fee")], [], "借方 100.00，贷方 0.00"),
            ([*PAID, line("CREDIT", "6001", "amount")], [], "借方 100.00，贷方 200.00"),
            ([PAID[0], line("CREDIT", "6001", "amount - fee")], [], "fee = 100.00"),
            ([{**PAID[0], "side": "LEFT"}, PAID[1]], [], "第 1 行缺少"),
            ([{**PAID[0], "amount": {"amount": 0}}, PAID[1]], [], "倍数"),
            ([{**PAID[0], "amount": "amount"}, PAID[1]], [], "恒为零或没有填写"),
            # Half of an odd amount, twice, is not the amount.
            (
                [PAID[0], line("CREDIT", "6001", "2 * half")],
                [{"name": "half", "of": {"amount": 1}, "rate": "1/2"}],
                "amount = 0.01 时，借方 0.01，贷方 0.02",
            ),
            # A third and two thirds, each rounded, do add up; but nobody proved it.
            (
                [PAID[0], line("CREDIT", "6001", "one"), line("CREDIT", "2221", "two")],
                [
                    {"name": "one", "of": {"amount": 1}, "rate": "1/3"},
                    {"name": "two", "of": {"amount": 1}, "rate": "2/3"},
                ],
                "请把最后一部分写成差额",
            ),
            (PAID, TAX, "没有用在任何一行"),
            (WITH_TAX, [*TAX, *TAX], "不能用"),
            (WITH_TAX, [{"name": "tax", "of": {"tax": 1}, "rate": "3/53"}], "不能用"),
            (WITH_TAX, [{"name": "tax", "of": {"amount": 1}, "rate": "6/106"}], "没有约分"),
        ],
    )
    def test_what_is_not_proved_is_not_saved_and_the_database_agrees(
        self, lines: Any, parts: Any, said: str
    ) -> None:
        version = services.draft(event="sale", at=AT)
        with pytest.raises(RuleRefused) as refused:
            services.save_rule(
                version=version,
                position=1,
                name="销售",
                journal="GENERAL",
                lines=lines,
                parts=parts,
            )
        assert said in str(refused.value)
        assert not PostingRule.objects.filter(version=version).exists()

    def test_a_share_is_rounded_once_and_the_rest_is_the_difference(self) -> None:
        ruled({"lines": WITH_TAX, "parts": TAX})
        assert posted(sale("100.00")) == [
            ("DEBIT", "1001", 10000),
            ("CREDIT", "6001", 9434),
            ("CREDIT", "2221", 566),
        ]
        # Of one fen no tax is left over, so the line drops out.
        assert posted(sale("0.01", "sale:2")) == [("DEBIT", "1001", 1), ("CREDIT", "6001", 1)]

    @pytest.mark.parametrize(
        ("text", "form"),
        [
            ("amount", {"amount": 1}),
            ("amount - fee", {"amount": 1, "fee": -1}),
            ("2*amount＋fee", {"amount": 2, "fee": 1}),
            ("-fee + amount", {"fee": -1, "amount": 1}),
        ],
    )
    def test_sums_are_read_and_written(self, text: str, form: dict[str, int]) -> None:
        assert rules.read_form(text) == form
        assert rules.read_form(rules.write_form(form)) == form

    @pytest.mark.parametrize(
        "text", ["", "amount fee", "amount - amount", "0.06 * amount", "金额", "9999*a"]
    )
    def test_what_is_no_sum_is_refused(self, text: str) -> None:
        with pytest.raises(RuleRefused):
            rules.read_form(text)

    def test_rates_are_fractions_in_lowest_terms(self) -> None:
        assert [rules.read_rate(text) for text in ("6%", "0.06", "6/106", "1.5％")] == [
            "3/50",
            "3/50",
            "3/53",
            "3/200",
        ]
        for text in ("0", "2", "1/0", "-1%", "a", "200%"):
            with pytest.raises(RuleRefused):
                rules.read_rate(text)

    def test_a_line_that_would_be_negative_is_refused(self) -> None:
        net = [
            line("DEBIT", "1001", "amount - fee"),
            line("DEBIT", "6603", "fee"),
            line("CREDIT", "6001", "amount"),
        ]
        ruled({"lines": net})
        before = written()
        told = sale("1.00")
        with pytest.raises(NegativeLine):
            posted(replace(told, amounts={**told.amounts, "fee": Money.of("1.01")}))
        assert written() == before
        whole = replace(told, amounts={**told.amounts, "fee": Money.of("1.00")})
        assert posted(whole) == [("DEBIT", "6603", 100), ("CREDIT", "6001", 100)]

    def test_two_currencies_do_not_meet_in_one_sum(self) -> None:
        net = [
            line("DEBIT", "1001", "amount - fee"),
            line("DEBIT", "6603", "fee"),
            line("CREDIT", "6001", "amount"),
        ]
        ruled({"lines": net})
        told = sale("1.00")
        with pytest.raises(Malformed):
            posted(replace(told, amounts={**told.amounts, "fee": Money(1, "USD")}))

    def test_a_rule_names_accounts_as_they_are_posted(self) -> None:
        version = services.draft(event="sale", at=AT)
        for account, party in (("9999", None), ("220301", None), ("6001", "customer")):
            with pytest.raises(UnknownAccount):
                services.save_rule(
                    version=version,
                    position=1,
                    name="销售",
                    journal="GENERAL",
                    lines=[PAID[0], line("CREDIT", account, "amount", party)],
                )
        assert not PostingRule.objects.filter(version=version).exists()

    def test_an_account_may_be_left_to_the_event(self) -> None:
        ruled({"lines": [PAID[0], line("CREDIT", "@income", "amount")]})
        with pytest.raises(UnmatchedEvent):
            posted(sale())
        told = posted(sale(accounts={"income": "6051"}))
        assert told == [("DEBIT", "1001", 10000), ("CREDIT", "6051", 10000)]


class TestChoice:
    OTHER = [line("DEBIT", "1002", "amount"), line("CREDIT", "6051", "amount")]

    @pytest.mark.parametrize(
        ("condition", "told", "holds"),
        [
            (("party.payer", "is", ["SUPPLIER"]), {"parties": {"payer": SUPPLIER}}, True),
            (("party.payer", "is", ["SUPPLIER"]), {"parties": {"payer": PARENT}}, False),
            (("party.payer", "is", ["SUPPLIER"]), {}, False),
            (("party.payer", "is_not", ["SUPPLIER"]), {}, True),
            (("party.payer.id", "is", ["s-1", "s-2"]), {"parties": {"payer": SUPPLIER}}, True),
            (("party.payer.id", "is_not", ["s-1"]), {"parties": {"payer": SUPPLIER}}, False),
            (("party.payer", "told", []), {"parties": {"payer": SUPPLIER}}, True),
            (("party.payer", "untold", []), {"parties": {"payer": SUPPLIER}}, False),
            (("amount.amount", "ge", ["100"]), {}, True),
            (("amount.amount", "gt", ["100.00"]), {}, False),
            (("amount.amount", "le", ["100.00"]), {}, True),
            (("amount.amount", "lt", ["100.00"]), {}, False),
            (("amount.amount", "gt", ["amount.fee"]), {}, True),
            (("amount.fee", "untold", []), {}, True),
            (("currency", "is", ["CNY"]), {}, True),
            (("currency", "is_not", ["CNY"]), {}, False),
            (
                ("detail.method", "is", ["ALIPAY_PAGE"]),
                {"details": {"method": "ALIPAY_PAGE"}},
                True,
            ),
            (("detail.method", "is", ["ALIPAY_PAGE"]), {}, False),
            (("detail.method", "told", []), {"details": {"method": "X"}}, True),
        ],
    )
    def test_the_first_rule_whose_conditions_hold(
        self, condition: tuple[str, str, list[str]], told: dict[str, Any], holds: bool
    ) -> None:
        said = dict(zip(("fact", "op", "values"), condition, strict=True))
        ruled({"conditions": [said], "lines": self.OTHER}, {})
        assert posted(sale(**told))[0][1] == ("1002" if holds else "1001")

    def test_all_conditions_must_hold_and_nothing_is_guessed(self) -> None:
        both = [
            {"fact": "amount.amount", "op": "ge", "values": ["10"]},
            {"fact": "detail.method", "op": "is", "values": ["BANK"]},
        ]
        ruled({"conditions": both})
        before = written()
        for told in (sale(), sale("9.99", details={"method": "BANK"})):
            with pytest.raises(UnmatchedEvent):
                posted(told)
        assert written() == before
        assert posted(sale(details={"method": "BANK"}))

    def test_order_decides_and_can_be_changed_in_a_draft(self) -> None:
        ruled({"lines": self.OTHER}, {})
        assert posted(sale())[0][1] == "1002"
        version = services.draft(event="sale", at=AT)
        services.move_rule(version=version, position=1, up=False)
        services.switch_on(version=version, starts_at=BEGINNING, at=AT)
        assert posted(sale(source="sale:2"))[0][1] == "1001"
        version = services.draft(event="sale", at=AT)
        services.remove_rule(version=version, position=1)
        assert [rule.position for rule in version.rules.all()] == [1]
        services.switch_on(version=version, starts_at=BEGINNING, at=AT)
        assert posted(sale(source="sale:3"))[0][1] == "1002"

    @pytest.mark.parametrize(
        "condition",
        [
            {"fact": "weather", "op": "is", "values": ["rain"]},
            {"fact": "amount.amount", "op": "is", "values": ["1"]},
            {"fact": "amount.amount", "op": "lt", "values": ["1.001"]},
            {"fact": "amount.amount", "op": "lt", "values": []},
            {"fact": "currency", "op": "lt", "values": ["CNY"]},
            {"fact": "currency", "op": "is", "values": []},
            {"fact": "currency", "op": "told", "values": ["CNY"]},
            {"fact": "party.payer", "op": "is", "values": ["FRIEND"]},
            {"fact": "detail.x", "op": "matches", "values": [".*"]},
            {"fact": "detail.x", "op": "is"},
            {"fact": "detail.x", "op": "is", "values": [1]},
            "detail.x",
        ],
    )
    def test_conditions_are_a_small_closed_set(self, condition: Any) -> None:
        version = services.draft(event="sale", at=AT)
        with pytest.raises(RuleRefused):
            services.save_rule(
                version=version,
                position=1,
                name="销售",
                journal="GENERAL",
                lines=PAID,
                conditions=[condition],
            )

    def test_the_database_knows_the_set_as_well(self) -> None:
        version = services.draft(event="recharge", at=AT)
        wrong: tuple[Any, ...] = ({}, ["x"], [{"fact": "x.y", "op": "is", "values": []}])
        for conditions in wrong:
            with (
                pytest.raises(IntegrityError, match="ledger_postingrule_conditions"),
                transaction.atomic(),
            ):
                PostingRule.objects.filter(version=version).update(conditions=conditions)


class TestVersions:
    def test_an_event_goes_by_the_version_in_force_when_it_happened(self) -> None:
        ruled({})
        version = services.draft(event="sale", at=AT)
        services.save_rule(
            version=version, position=1, name="新", journal="GENERAL", lines=TestChoice.OTHER
        )
        services.switch_on(version=version, starts_at=AT + timedelta(days=1), at=AT)
        assert posted(sale())[0][1] == "1001"
        late = replace(sale(source="sale:2"), effective_at=AT + timedelta(days=1))
        assert posted(late)[0][1] == "1002"
        assert posted(replace(sale(source="sale:3"), effective_at=AT))[0][1] == "1001"

    def test_told_again_after_a_change_the_entry_stays_as_it_was(self) -> None:
        ruled({})
        before = posted(sale())
        ruled({"lines": TestChoice.OTHER})
        assert posted(sale()) == before

    def test_what_was_switched_on_is_never_edited(self) -> None:
        version = ruled({})
        with pytest.raises(VersionFixed):
            services.save_rule(
                version=version, position=1, name="改", journal="GENERAL", lines=PAID
            )
        with pytest.raises(VersionFixed):
            services.discard(version=version)
        for change in (
            lambda: PostingRule.objects.filter(version=version).update(active=False),
            lambda: PostingRule.objects.filter(version=version).delete(),
            lambda: RuleVersion.objects.filter(pk=version.pk).update(starts_at=AT),
            lambda: RuleVersion.objects.filter(pk=version.pk).update(state="WITHDRAWN"),
        ):
            with pytest.raises(DatabaseError) as refused, transaction.atomic():
                change()
            assert refused.value.__cause__.sqlstate == "23L10"  # type: ignore[union-attr]

    def test_a_version_that_waits_for_its_day_can_be_taken_back(self) -> None:
        now = datetime.now(UTC)
        version = services.draft(event="recharge", at=now)
        services.switch_on(version=version, starts_at=now + timedelta(days=3), at=now)
        another = services.draft(event="recharge", at=now)
        with pytest.raises(VersionRefused, match="撤回"):
            services.switch_on(version=another, starts_at=None, at=now)
        services.withdraw(version=version, at=now)
        services.switch_on(version=another, starts_at=None, at=now)
        with pytest.raises(VersionRefused):
            services.withdraw(version=another, at=now)
        states = RuleVersion.objects.filter(event="recharge").order_by("number")
        assert list(states.values_list("state", flat=True)) == ["ON", "WITHDRAWN", "ON"]

    def test_nothing_starts_in_a_closed_period(self) -> None:
        for month in (1, 2):
            services.set_period_state(
                period=Period.objects.get(start_date__month=month), state=PeriodState.CLOSED
            )
        version = services.draft(event="recharge", at=AT)
        with pytest.raises(VersionRefused):
            services.switch_on(version=version, starts_at=AT.replace(month=2, day=28), at=AT)
        version.refresh_from_db()
        assert version.state == RuleState.DRAFT
        services.switch_on(version=version, starts_at=AT.replace(day=2), at=AT)

    def test_an_event_is_switched_off_and_on_again(self) -> None:
        services.switch_off(event="recharge", at=AT, note="停用")
        with pytest.raises(UnmatchedEvent):
            services.post_events(events=[event("recharge", "1.00", "payment:1")])
        services.post_events(events=[event("recharge", "1.00", "payment:2", minutes=-1)])

    def test_there_is_one_draft_and_it_begins_as_what_is_in_force(self) -> None:
        version = services.draft(event="recharge", at=AT)
        assert (version.number, version.rules.count()) == (2, 1)
        assert services.draft(event="recharge", at=AT) == version
        services.discard(version=version)
        assert services.draft(event="recharge", at=AT).number == 2

    def test_every_change_gives_the_book_a_mark_it_never_had(self) -> None:
        marks = [read_mark()]
        version = services.draft(event="recharge", at=AT)
        marks.append(read_mark())
        with transaction.atomic():
            services.remove_rule(version=version, position=1)
            marks.append(read_mark())
            transaction.set_rollback(True)
        assert read_mark() == marks[1]
        services.remove_rule(version=version, position=1)
        marks.append(read_mark())
        assert len(set(marks)) == 4
        assert read_book().mark == marks[3]


class TestTrying:
    def test_a_draft_is_shown_beside_what_was_posted_and_nothing_is_written(self) -> None:
        services.post_events(
            events=[
                event("recharge", "10.00", "payment:1"),
                event("recharge", "600.00", "payment:2", minutes=1),
                event("recharge", "5.00", "payment:3", minutes=60 * 24 * 60),
            ]
        )
        version = services.draft(event="recharge", at=AT)
        PostingRule.objects.filter(version=version).delete()
        services.save_rule(
            version=version,
            position=1,
            name="大额",
            journal="CASH",
            lines=[
                line("DEBIT", "1002", "amount"),
                line("CREDIT", "220301", "amount", "customer"),
            ],
            conditions=[{"fact": "amount.amount", "op": "ge", "values": ["500"]}],
        )
        before = (written(), Entry.objects.count())
        trial = try_on(version=version, since=AT - timedelta(days=5), until=AT + timedelta(days=5))
        assert (written(), Entry.objects.count()) == before
        refused, moved = trial.tried
        assert (trial.same, trial.different, trial.refused, trial.cut) == (0, 1, 1, False)
        assert (refused.entry.source, refused.drafted) == ("payment:1", None)
        assert moved.rule == "大额"
        assert moved.posted == {
            ("1012", CHANNEL.id, "CNY"): 60000,
            ("220301", CUSTOMER.id, "CNY"): -60000,
        }
        assert moved.drafted == {
            ("1002", "", "CNY"): 60000,
            ("220301", CUSTOMER.id, "CNY"): -60000,
        }
        assert [
            (c.code, str(c.posted), str(c.drafted), str(c.difference)) for c in trial.changes
        ] == [
            ("1002", "0.00", "600.00", "600.00"),
            ("1012", "610.00", "0.00", "-610.00"),
            ("220301", "-610.00", "-600.00", "10.00"),
        ]
        assert queries.balance(account="1002") == Money.zero()
