"""A second statement, appended to one of ours to leave the door by it: the server takes one only."""

from __future__ import annotations

import psycopg
import pytest
from django.db import DatabaseError, connection

from shared_apps.distributors.models import Distributor
from shared_apps.kernel import tenancy


def ask(statement: str, *values: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        return cursor.fetchone()[0]


@pytest.mark.parametrize("already_there", [True, False])
@pytest.mark.parametrize("how", ["execute", "values", "many", "stream", "copy"])
def test_a_second_statement_is_not_taken(
    committed: None, cast: dict[str, Distributor], how: str, already_there: bool
) -> None:
    harbour, north = cast["harbour"].schema_name, cast["north"].schema_name
    stacked = f'SELECT 1; SET ROLE "{north}"'
    with tenancy.enter(harbour):
        if already_there:
            ask("SELECT 1")
        with (
            connection.cursor() as cursor,
            pytest.raises((DatabaseError, psycopg.errors.SyntaxError)) as error,
        ):
            if how == "execute":
                cursor.execute(stacked)
            elif how == "values":
                cursor.execute(f"{stacked} -- %s", [1])
            elif how == "many":
                cursor.executemany(f"{stacked} -- %s", [[1], [2]])
            elif how == "stream":
                list(cursor.stream(stacked))
            else:
                with cursor.copy(f"COPY (SELECT 1) TO STDOUT; {stacked}"):
                    raise AssertionError
        assert "multiple commands" in str(error.value)
        assert ask("SELECT current_user") == harbour


def test_a_semicolon_in_a_value_is_just_that(committed: None, cast: dict[str, Distributor]) -> None:
    with tenancy.enter(cast["harbour"].schema_name):
        assert ask("SELECT 'one; of ours' || %s", ";") == "one; of ours;"
        assert ask("SELECT current_user") == cast["harbour"].schema_name
