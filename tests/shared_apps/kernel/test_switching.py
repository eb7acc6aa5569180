"""Where a connection stands: every statement runs as the tenant that is set, whatever went wrong before."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from django.db import DataError, Error, IntegrityError, connection, transaction
from psycopg import sql

from shared_apps.distributors.models import Distributor
from shared_apps.identity.models import User
from shared_apps.kernel import tenancy
from shared_apps.kernel.postgres.cursor import Cursor

# Of nobody's user: PostgreSQL notices at the end of the transaction.
ORPHAN = (
    'INSERT INTO account_emailaddress (email, verified, "primary", user_id) '
    "VALUES ('nobody@example.test', false, false, 99999999)"
)
WHERE = (
    "SELECT current_user, current_schema(), array_agg(DISTINCT split_part(email, '@', 2)) "
    "FROM identity_user WHERE kind = %s"
)


def execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def where() -> tuple[str, str, list[str]]:
    """Role, schema, and whose rows are seen there."""
    with connection.cursor() as cursor:
        cursor.execute(WHERE, ["STAFF"])
        found: tuple[str, str, list[str]] = cursor.fetchone()
    return found


def own(distributor: Distributor) -> tuple[str, str, list[str]]:
    return (distributor.schema_name, distributor.schema_name, [f"{distributor.slug}.test"])


def server_says() -> str:
    """The role that the session really has, asked past everything that switches it."""
    assert connection.connection is not None
    row = connection.connection.execute("SELECT current_user").fetchone()
    return str(row[0])


def divide_by_zero() -> None:
    with pytest.raises(DataError):
        execute("SELECT 1 / 0")


@pytest.fixture
def fresh(cast: dict[str, Distributor], django_db_blocker: Any) -> Iterator[None]:
    """Real transactions, on a connection that stands nowhere yet; nothing here is ever committed."""
    with django_db_blocker.unblock():
        connection.close()
        yield
        connection.close()


class Abandoned(Exception):
    """Something of ours went wrong in the middle."""


@pytest.mark.usefixtures("fresh")
class TestOneMessage:
    def test_switch_and_statement_make_one_round_trip(self, north: Distributor) -> None:
        with tenancy.enter(north.schema_name):
            assert where() == own(north)
        assert server_says() == north.schema_name

    def test_a_statement_that_fails_takes_the_switch_back(
        self, north: Distributor, harbour: Distributor
    ) -> None:
        connection.ensure_connection()
        login = server_says()
        with tenancy.enter(north.schema_name):
            divide_by_zero()
            assert server_says() == login
            assert where() == own(north)
        with tenancy.enter(harbour.schema_name):
            divide_by_zero()
            assert server_says() == north.schema_name  # the last that held
            assert where() == own(harbour)

    def test_so_does_one_that_fails_only_when_it_is_committed(
        self, north: Distributor, harbour: Distributor
    ) -> None:
        with tenancy.enter(north.schema_name):
            where()
        with tenancy.enter(harbour.schema_name):
            with pytest.raises(IntegrityError):
                execute(ORPHAN)
            assert server_says() == north.schema_name
            assert where() == own(harbour)

    def test_a_failure_where_it_already_stood_changes_nothing(self, north: Distributor) -> None:
        with tenancy.enter(north.schema_name):
            where()
            divide_by_zero()
            assert server_says() == north.schema_name
            assert where() == own(north)

    def test_a_cursor_made_elsewhere_stands_where_it_is_used(
        self, north: Distributor, harbour: Distributor
    ) -> None:
        with tenancy.enter(north.schema_name):
            cursor = connection.cursor()
            cursor.execute("SELECT 1")
        with tenancy.enter(harbour.schema_name):
            cursor.execute(WHERE, ["STAFF"])
            assert cursor.fetchone() == own(harbour)
        with pytest.raises(tenancy.TenantNotSet):
            cursor.execute("SELECT 1")
        cursor.close()

    def test_parameters_and_percent_signs_arrive_as_they_are(self, north: Distributor) -> None:
        with tenancy.enter(north.schema_name), connection.cursor() as cursor:
            cursor.execute("SELECT %s, '100%%'", ["50 %; SELECT 'x'"])
            assert cursor.fetchone() == ("50 %; SELECT 'x'", "100%")
        connection.close()
        with tenancy.enter(north.schema_name), connection.cursor() as cursor:
            cursor.execute("SELECT '100%'")
            assert cursor.fetchall() == [("100%",)]
        connection.close()
        with tenancy.enter(north.schema_name), connection.cursor() as cursor:
            cursor.execute(sql.SQL("SELECT {}").format(sql.Literal("composed")))
            assert cursor.fetchone() == ("composed",)
            assert cursor.rowcount == 1
            assert not cursor.nextset()

    def test_every_way_to_send_a_statement_switches(
        self, north: Distributor, harbour: Distributor
    ) -> None:
        def many() -> None:
            with connection.cursor() as cursor:
                cursor.executemany("SELECT %s", [(1,), (2,)])

        def copy() -> None:
            with connection.cursor() as cursor, cursor.copy("COPY identity_user TO STDOUT") as out:
                assert b"@" in b"".join(out)

        def stream() -> None:
            with connection.cursor() as cursor:
                assert len(list(cursor.stream("SELECT email FROM identity_user"))) > 1

        def in_chunks() -> None:
            assert len(list(User.objects.iterator(chunk_size=2))) > 2

        for way in (many, copy, stream, in_chunks):
            with tenancy.enter(harbour.schema_name):
                where()
            with tenancy.enter(north.schema_name):
                way()
            assert server_says() == north.schema_name, way.__name__
            with pytest.raises(tenancy.TenantNotSet):
                way()

    def test_psycopg_has_no_other_way(self) -> None:
        """A new version that can send a statement by another method must be taught to switch."""
        public = {name for name in dir(psycopg.ClientCursor) if not name.startswith("_")}
        sends = {"execute", "executemany", "copy", "stream"}
        assert sends <= vars(Cursor).keys()
        assert public - sends == {
            *("adapters", "arraysize", "close", "closed", "connection", "description", "format"),
            *("fetchall", "fetchmany", "fetchone", "mogrify", "nextset", "pgresult", "results"),
            *("row_factory", "rowcount", "rownumber", "scroll", "set_result", "setinputsizes"),
            *("setoutputsize", "statusmessage"),
        }


@pytest.mark.usefixtures("fresh")
class TestTransactions:
    def test_a_rollback_takes_the_switch_back(
        self, north: Distributor, harbour: Distributor
    ) -> None:
        with tenancy.enter(harbour.schema_name):
            where()
        with tenancy.enter(north.schema_name):
            with pytest.raises(Abandoned), transaction.atomic():
                assert where() == own(north)
                raise Abandoned
            assert server_says() == harbour.schema_name
            assert where() == own(north)

    def test_a_commit_of_what_failed_is_a_rollback(
        self, north: Distributor, harbour: Distributor
    ) -> None:
        with tenancy.enter(harbour.schema_name):
            where()
        with tenancy.enter(north.schema_name):
            with transaction.atomic():
                where()
                divide_by_zero()  # and nobody tells Django
            assert server_says() == harbour.schema_name
            assert where() == own(north)

    def test_a_commit_that_fails_is_a_rollback(
        self, north: Distributor, harbour: Distributor
    ) -> None:
        with tenancy.enter(harbour.schema_name):
            where()
        with tenancy.enter(north.schema_name):
            with pytest.raises(IntegrityError), transaction.atomic():
                execute(ORPHAN)
            assert server_says() == harbour.schema_name
            assert where() == own(north)

    def test_after_a_failure_nothing_but_a_rollback_runs(self, north: Distributor) -> None:
        with tenancy.enter(north.schema_name):
            with pytest.raises(Error), transaction.atomic():
                divide_by_zero()
                where()
            assert where() == own(north)


@pytest.mark.django_db
def test_a_rollback_to_a_savepoint_takes_the_switch_back(
    north: Distributor, harbour: Distributor
) -> None:
    with tenancy.enter(north.schema_name):
        where()
        point = transaction.savepoint()
    with tenancy.enter(harbour.schema_name):
        where()
        transaction.savepoint_rollback(point)
        assert server_says() == north.schema_name
        assert where() == own(harbour)


@pytest.mark.django_db
def test_what_was_deferred_is_judged_in_the_schema_that_is_left(
    north: Distributor, harbour: Distributor
) -> None:
    with tenancy.enter(north.schema_name):
        execute(ORPHAN)
    with tenancy.enter(harbour.schema_name), pytest.raises(IntegrityError):
        where()


# What can happen to a connection between two reads.
def nothing() -> None:
    pass


def commit() -> None:
    with transaction.atomic():
        where()


def abandon() -> None:
    with pytest.raises(Abandoned), transaction.atomic():
        where()
        raise Abandoned


def fail_in_a_transaction() -> None:
    with pytest.raises(DataError), transaction.atomic():
        execute("SELECT 1 / 0")


def fail_unnoticed_in_a_transaction() -> None:
    with transaction.atomic():
        where()
        divide_by_zero()


def fail_at_the_end() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        execute(ORPHAN)


def fail_behind_a_savepoint() -> None:
    with transaction.atomic():
        with pytest.raises(DataError), transaction.atomic():
            execute("SELECT 1 / 0")
        where()


def read_then_fail_behind_a_savepoint() -> None:
    with transaction.atomic():
        where()
        with pytest.raises(Abandoned), transaction.atomic():
            where()
            raise Abandoned


def lose_the_connection() -> None:
    assert connection.connection is not None
    connection.connection.close()
    with pytest.raises(Error):
        execute("SELECT 1")
    connection.close()


def close() -> None:
    connection.close()


EVENTS: tuple[Callable[[], None], ...] = (
    nothing,
    divide_by_zero,
    commit,
    abandon,
    fail_in_a_transaction,
    fail_unnoticed_in_a_transaction,
    fail_at_the_end,
    fail_behind_a_savepoint,
    read_then_fail_behind_a_savepoint,
    lose_the_connection,
    close,
)


@pytest.mark.usefixtures("fresh")
def test_whatever_happens_everybody_sees_their_own(
    north: Distributor, harbour: Distributor, rival: Distributor
) -> None:
    """A thousand turns on one connection, a chance event and a chance tenant each time."""
    chance = random.Random(20)
    weights = [1 if event in (lose_the_connection, close) else 10 for event in EVENTS]
    told: list[str] = []
    for _ in range(1_000):
        member = chance.choice((north, harbour, rival))
        event = chance.choices(EVENTS, weights)[0]
        told.append(f"{member.slug}: {event.__name__}")
        with tenancy.enter(member.schema_name):
            if chance.random() < 0.5:
                assert where() == own(member), told[-5:]
            event()
            assert where() == own(member), told[-5:]
