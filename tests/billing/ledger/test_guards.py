"""What the database refuses whoever writes, by whatever means: no service stands between here."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from billing.ledger import services
from billing.ledger.models import Account, Balance, Entry, Journal, Posting, PostingRule
from shared_apps.distributors.models import Distributor
from shared_apps.kernel import tenancy
from tests.billing.ledger.telling import AT, available, event, judge, written

CODES = {
    "unbalanced": "23L01",
    "floor": "23L02",
    "append_only": "23L05",
    "fixed": "23L06",
    "malformed": "23L08",
    "reversal": "23L09",
}


def account(code: str) -> Account:
    return Account.objects.get(code=code)


def write(
    source: str, *postings: tuple[str, str, int], currency: str = "CNY", **fields: Any
) -> Entry:
    entry = Entry.objects.create(
        journal=Journal.objects.get(code="GENERAL"),
        kind="by_hand",
        source=source,
        effective_at=AT,
        **fields,
    )
    for code, direction, minor in postings:
        Posting.objects.create(
            entry=entry,
            account=account(code),
            direction=direction,
            amount_minor=minor,
            currency=currency,
        )
    return entry


def sql(text: str, *values: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(text, values)


def refusal(error: pytest.ExceptionInfo[DatabaseError]) -> str:
    return str(getattr(error.value.__cause__, "sqlstate", ""))


@pytest.mark.usefixtures("books")
class TestEntries:
    def test_a_balanced_entry_may_be_written_posting_by_posting(self) -> None:
        with transaction.atomic():
            entry = write("a", ("1001", "DEBIT", 3), ("6001", "CREDIT", 2), ("6051", "CREDIT", 1))
            judge()
        assert entry.postings.count() == 3

    @pytest.mark.parametrize(
        "postings",
        [
            [],
            [("1001", "DEBIT", 5)],
            [("1001", "DEBIT", 5), ("6001", "CREDIT", 4)],
            [("1001", "DEBIT", 5), ("6001", "DEBIT", 5)],
        ],
    )
    def test_an_entry_that_does_not_balance_is_refused(
        self, postings: list[tuple[str, str, int]]
    ) -> None:
        before = written()
        with pytest.raises(IntegrityError) as error, transaction.atomic():
            write("a", *postings)
            judge()
        assert refusal(error) == CODES["unbalanced"]
        assert written() == before

    def test_currencies_balance_each_for_itself(self) -> None:
        Account.objects.create(code="1002USD", name="美元户", kind="ASSET", currency="USD")
        before = written()
        with pytest.raises(IntegrityError) as error, transaction.atomic():
            entry = write("a", ("1001", "DEBIT", 5))
            Posting.objects.create(
                entry=entry,
                account=account("1002USD"),
                direction="CREDIT",
                amount_minor=5,
                currency="USD",
            )
            judge()
        assert refusal(error) == CODES["unbalanced"]
        assert written() == before

    def test_a_posting_is_in_its_accounts_currency(self) -> None:
        with pytest.raises(IntegrityError) as error, transaction.atomic():
            write("a", ("1001", "DEBIT", 5), ("6001", "CREDIT", 5), currency="USD")
        assert refusal(error) == CODES["malformed"]

    @pytest.mark.parametrize("minor", [0, -5])
    def test_an_amount_is_positive(self, minor: int) -> None:
        with pytest.raises(IntegrityError, match="ledger_posting_positive"), transaction.atomic():
            write("a", ("1001", "DEBIT", minor), ("6001", "CREDIT", minor))

    def test_a_source_is_written_once(self) -> None:
        write("a", ("1001", "DEBIT", 5), ("6001", "CREDIT", 5))
        with pytest.raises(IntegrityError, match="ledger_entry_posted_once"), transaction.atomic():
            write("a", ("1001", "DEBIT", 5), ("6001", "CREDIT", 5))

    def test_a_control_account_and_one_switched_off_take_no_postings(self) -> None:
        Account.objects.filter(code="1001").update(active=False)
        before = written()
        for code in ("220301", "1001"):
            with pytest.raises(IntegrityError) as error, transaction.atomic():
                write("a", ("6001", "DEBIT", 5), (code, "CREDIT", 5))
            assert refusal(error) == CODES["malformed"]
        assert written() == before

    def test_the_recorded_time_is_not_for_the_writer_to_say(self) -> None:
        for elsewhen in (AT, AT.replace(year=2050)):
            with pytest.raises(IntegrityError) as error, transaction.atomic():
                write("a", recorded_at=elsewhen)
            assert refusal(error) == CODES["malformed"]

    @pytest.mark.parametrize(
        "postings",
        [
            [("1001", "CREDIT", 5), ("6001", "DEBIT", 6)],
            [("1001", "DEBIT", 5), ("6001", "CREDIT", 5)],
            [("1002", "CREDIT", 5), ("6001", "DEBIT", 5)],
        ],
    )
    def test_a_reversal_is_the_negated_copy(self, postings: list[tuple[str, str, int]]) -> None:
        original = write("a", ("1001", "DEBIT", 5), ("6001", "CREDIT", 5))
        judge()
        before = written()
        with pytest.raises(IntegrityError) as error, transaction.atomic():
            write("b", *postings, reverses=original)
            judge()
        assert refusal(error) in {CODES["reversal"], CODES["unbalanced"]}
        assert written() == before

    def test_a_floor_holds_for_writes_by_hand(self) -> None:
        services.post_events(events=[event("recharge", "0.05", "payment:1")])
        before = written()
        with pytest.raises(IntegrityError) as error, transaction.atomic():
            write("a", ("6001", "CREDIT", 6), ("220301.customer.c-1", "DEBIT", 6))
        assert refusal(error) == CODES["floor"]
        assert written() == before
        write("a", ("6001", "CREDIT", 5), ("220301.customer.c-1", "DEBIT", 5))
        judge()
        assert available().minor == 0

    def test_one_statement_inside_another_plane_of_names_judges_its_own_schema(self) -> None:
        """Triggers must not read the tables that search_path happens to name."""
        with pytest.raises(IntegrityError) as error, transaction.atomic():
            write("a", ("1001", "DEBIT", 5))
            sql("SET LOCAL search_path TO public")
            sql("SET CONSTRAINTS ALL IMMEDIATE")
        assert refusal(error) == CODES["unbalanced"]


@pytest.mark.usefixtures("books")
class TestKept:
    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE ledger_balance SET debit_minor = 0, credit_minor = 100000",
            "DELETE FROM ledger_balance",
            "INSERT INTO ledger_balance SELECT id, 0, 5 FROM ledger_account WHERE code = '1001'",
        ],
    )
    def test_a_balance_is_kept_by_posting_alone(self, statement: str) -> None:
        services.post_events(events=[event("recharge", "1.00", "payment:1")])
        before = written()
        with pytest.raises(IntegrityError) as error, transaction.atomic():
            sql(statement)
        assert refusal(error) == CODES["append_only"]
        assert written() == before

    def test_balances_equal_their_postings(self) -> None:
        services.post_events(
            events=[event("recharge", "9.00", "p:1"), event("hold", "4.00", "h:1")]
        )
        for kept in Balance.objects.select_related("account"):
            sides = dict.fromkeys(("DEBIT", "CREDIT"), 0)
            for posting in kept.account.postings.all():
                sides[posting.direction] += posting.amount_minor
            assert (kept.debit_minor, kept.credit_minor) == (sides["DEBIT"], sides["CREDIT"])

    @pytest.mark.parametrize(
        "change",
        [
            {"kind": "ASSET"},
            {"floor_minor": None},
            {"floor_minor": -1000000},
            {"currency": "USD"},
            {"code": "x"},
            {"party_id": "c-9"},
            {"parent_id": None},
        ],
    )
    def test_what_postings_relied_on_does_not_change(self, change: dict[str, object]) -> None:
        services.post_events(events=[event("recharge", "1.00", "payment:1")])
        with pytest.raises(IntegrityError) as error, transaction.atomic():
            Account.objects.filter(code="220301.customer.c-1").update(**change)
        assert refusal(error) == CODES["fixed"]

    def test_a_party_account_is_like_its_control_account(self) -> None:
        control = account("220301")
        for change in ({"floor_minor": None}, {"kind": "ASSET"}, {"party_kind": "SUPPLIER"}):
            fields: dict[str, Any] = {
                "kind": "LIABILITY",
                "party_kind": "CUSTOMER",
                "floor_minor": 0,
            } | change
            with pytest.raises(IntegrityError) as error, transaction.atomic():
                Account.objects.create(code="x", name="x", parent=control, party_id="c-7", **fields)
            assert refusal(error) == CODES["malformed"]
        assert not Account.objects.filter(code="x").exists()

    def test_a_party_has_one_account_under_a_control_account(self) -> None:
        services.post_events(events=[event("recharge", "1.00", "payment:1")])
        with (
            pytest.raises(IntegrityError, match="ledger_account_one_per_party"),
            transaction.atomic(),
        ):
            Account.objects.create(
                code="x",
                name="x",
                kind="LIABILITY",
                parent=account("220301"),
                party_kind="CUSTOMER",
                party_id="c-1",
                floor_minor=0,
            )

    def test_a_rule_that_does_not_balance_is_refused(self) -> None:
        with (
            pytest.raises(IntegrityError, match="ledger_postingrule_proved"),
            transaction.atomic(),
        ):
            PostingRule.objects.filter(version=services.draft(event="recharge", at=AT)).update(
                lines=[
                    {"side": "DEBIT", "account": "1001", "party": None, "amount": {"amount": 1}},
                    {"side": "CREDIT", "account": "6001", "party": None, "amount": {"fee": 1}},
                ]
            )

    def test_periods_do_not_overlap(self) -> None:
        with pytest.raises(IntegrityError, match="ledger_period_no_overlap"), transaction.atomic():
            sql(
                "INSERT INTO ledger_period (start_date, end_date, state) VALUES ('2026-03-31', '2026-04-02', 'OPEN')"
            )
        sql(
            "INSERT INTO ledger_period (start_date, end_date, state) VALUES ('2027-01-01', '2027-01-02', 'OPEN')"
        )


ENTRY = "INSERT INTO ledger_posting (entry_id, account_id, direction, amount_minor, currency)"


class TestCommitted:
    def test_an_entry_is_judged_in_its_own_schema_when_search_path_moved_before_commit(
        self, real_books: str, rival: Distributor
    ) -> None:
        paths = ("public", f'"{rival.schema_name}", public', "''")
        with tenancy.enter(real_books):
            before = written()
            for path in paths:
                with pytest.raises(IntegrityError) as error, transaction.atomic():
                    write("a", ("1001", "DEBIT", 5), ("6001", "CREDIT", 4))
                    sql(f"SET search_path TO {path}")
                assert refusal(error) == CODES["unbalanced"], path
                assert written() == before
            for number, path in enumerate(paths):
                with transaction.atomic():
                    write(f"b:{number}", ("1001", "DEBIT", 5), ("6001", "CREDIT", 5))
                    sql(f"SET search_path TO {path}")
                connection.close()
            assert (Entry.objects.count(), Posting.objects.count()) == (3, 6)

    def test_a_written_entry_takes_no_more_postings(self, real_books: str) -> None:
        with tenancy.enter(real_books):
            entry = write_committed()
            before = written()
            with pytest.raises(IntegrityError) as error, transaction.atomic():
                sql(
                    f"{ENTRY} SELECT %s, id, 'DEBIT', 5, 'CNY' FROM ledger_account WHERE code = '1001'"
                    " UNION ALL SELECT %s, id, 'CREDIT', 5, 'CNY' FROM ledger_account WHERE code = '6001'",
                    entry.pk,
                    entry.pk,
                )
            assert refusal(error) == CODES["malformed"]
            assert written() == before

    def test_entries_and_postings_are_written_once(self, real_books: str) -> None:
        statements = [
            verb.format(f'"{real_books}".{table}')
            for table in ("ledger_entry", "ledger_posting")
            for verb in ("UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {} CASCADE")
        ]
        statements.append(f'TRUNCATE "{real_books}".ledger_balance')
        with tenancy.enter(real_books):
            write_committed()
            before = written()
            # The distributor's own role has no such right.
            for statement in statements:
                with pytest.raises(DatabaseError, match="permission denied"):
                    sql(statement)
        # The owner of the database has, and is refused all the same.
        with tenancy.owner():
            for statement in statements:
                with pytest.raises(IntegrityError) as error:
                    sql(statement)
                assert refusal(error) == CODES["append_only"], statement
        with tenancy.enter(real_books):
            assert written() == before


def write_committed() -> Entry:
    with transaction.atomic():
        return write("a", ("1001", "DEBIT", 5), ("6001", "CREDIT", 5))
