"""PostgreSQL keeps the distributors apart: whatever statement runs as one of them reads nothing of another.

What each may see is written here a second time, by hand; the declarations beside the models are held
against it, table by table, by asking the database as every member of the cast.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.conf import settings
from django.db import DatabaseError, ProgrammingError, connection, transaction
from psycopg import sql

from billing.settlement.models import Obligation, PriceHop
from billing.settlement.services import record_sale
from ncmatch.celery import app
from shared_apps.distributors.models import Distributor, ResellerTerms
from shared_apps.kernel import checks, clock, hardening, ids, rows, tenancy
from shared_apps.kernel.money import Money
from tenant_apps.orders.services import lines, paying
from tests import world

Cast = dict[str, Distributor]
Door = Callable[[], AbstractContextManager[None]]
DENIED = "42501"

# What a distributor sees of each shared table: a condition on its rows, or None: not even the table.
# {me} and {parent} are keys, {schema} is the role's name.
EVERYTHING = "true"
OWN_HOPS = "{me} IN (debtor_id, creditor_id)"
SEES: dict[str, str | None] = {
    "audit_record": None,
    "auth_group": None,
    "auth_group_permissions": None,
    "auth_permission": None,
    "catalog_fxrate": EVERYTHING,
    "catalog_gpumodel": EVERYTHING,
    "catalog_importrun": None,
    "catalog_offering": EVERYTHING,
    "catalog_plan": EVERYTHING,
    "catalog_price": EVERYTHING,
    "distributors_distributor": "id IN ({me}, {parent}) OR parent_id = {me}",
    "distributors_domain": "tenant_id = {me}",
    "distributors_resellerterms": (
        "child_id = {me} OR child_id IN "
        "(SELECT id FROM public.distributors_distributor WHERE parent_id = {me})"
    ),
    "django_content_type": EVERYTHING,
    "django_migrations": EVERYTHING,
    "django_session": None,
    "identity_apitoken": None,
    "identity_idempotentrequest": None,
    "identity_user": None,
    "outbox_delivery": "schema = '{schema}'",
    "settlement_booking": "party_id = {me}",
    "settlement_obligation": OWN_HOPS,
    "settlement_pricehop": OWN_HOPS,
    "settlement_refundpermit": None,
    "suppliers_hub": EVERYTHING,
    "suppliers_sellingwindow": EVERYTHING,
    "suppliers_supplier": EVERYTHING,
    "suppliers_supplierconnection": None,
    "suppliers_supplyagreement": None,
}
# The operator minds suppliers, distributors and the machinery; of prices and debts it sees its own.
OPERATOR_SEES = SEES | dict.fromkeys(
    (
        "catalog_importrun",
        "distributors_distributor",
        "distributors_domain",
        "outbox_delivery",
        "settlement_booking",
        "settlement_refundpermit",
        "suppliers_supplierconnection",
        "suppliers_supplyagreement",
    ),
    EVERYTHING,
)
# Written once, for good.
APPEND_ONLY = {
    "audit_record",
    "balances_lotuse",
    "files_storedfile",
    "invoicing_invoiceline",
    "ledger_entry",
    "ledger_partyaccount",
    "ledger_posting",
    "payments_providerevent",
}
# Functions that run with the owner's rights: each asks who stands at the door.
DOORS = {
    "current_distributor_id",
    "freeze_usage",
    "freeze_waterfall",
    "parent_distributor_id",
    "parent_of",
    "record_sale",
    "record_sale_refund",
}
# Functions that put statements together from text: each is a way in, unless it takes names only.
FROM_TEXT = {
    "ledger_return",
    "ledger_stand",
    # Triggers, which nobody can call: the one name in their text is their own table's schema.
    "invoicing_invoice_adds_up",
    "invoicing_invoice_moves",
    "invoicing_line_counts",
    "ledger_rule_fixed",
    "ledger_rules_marked",
}


def ask(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """Raw SQL where we stand, as an injected statement would run."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        return list(cursor.fetchall()) if cursor.description else []


def sqlstate(error: BaseException) -> str:
    return str(getattr(error.__cause__, "sqlstate", ""))


def refused(statement: str, *values: Any) -> str:
    """The SQLSTATE with which the statement is refused; empty when it runs."""
    try:
        ask(statement, *values)
    except DatabaseError as error:
        return sqlstate(error)
    return ""


def tables_of(schema: str) -> list[str]:
    found = ask(
        "SELECT relname FROM pg_catalog.pg_class WHERE relnamespace = %s::regnamespace "
        "AND relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY relname",
        schema,
    )
    return [name for (name,) in found]


def seen(table: str, condition: str = "true") -> set[str] | None:
    """Whole rows as text; None where the table itself is refused."""
    try:
        return {row for (row,) in ask(f'SELECT t::text FROM public."{table}" t WHERE {condition}')}
    except ProgrammingError as error:
        assert sqlstate(error) == DENIED, error
        return None


def leaks(cast: Cast) -> list[str]:
    """Every shared table that shows somebody more or less than it should."""
    found = []
    for member in cast.values():
        sees = OPERATOR_SEES if member.is_operator else SEES
        for table, condition in sees.items():
            expected = None
            if condition is not None:
                with tenancy.shared():
                    expected = seen(
                        table,
                        condition.format(
                            me=member.pk,
                            parent=member.parent_id or "NULL",
                            schema=member.schema_name,
                        ),
                    )
            with tenancy.enter(member.schema_name):
                if seen(table) != expected:
                    found.append(f"{member.slug} of {table}")
    return found


def sale(seller: Distributor, *, hours: int = 3) -> UUID:
    """A machine sold and running at the seller's shop; returns its trace."""
    with tenancy.enter(seller.schema_name):
        who = world.customer()
        world.recharge(who, Money.of("10000"))
        order = world.place(who, world.a_choice(hours=hours))
        paying.pay_from_balance(order=order, at=clock.now())
        line = order.lines.get()
        lines.opened(line=line, at=clock.now())
        return line.public_id


def tasks() -> Mapping[str, Any]:
    app.loader.import_default_modules()
    registered: Mapping[str, Any] = app.tasks
    return registered


@pytest.fixture
def hardened(db: None) -> None:
    with tenancy.shared():
        ((owned_by_us,),) = ask("SELECT has_function_privilege('public', %s, 'EXECUTE')", _SET)
    if owned_by_us:
        pytest.skip("The server is not ours: its superuser has not hardened it.")


_SET = "pg_catalog.set_config(text, text, boolean)"


class TestOthersSchemas:
    def test_nothing_in_another_schema_can_be_read_or_written(self, db: None, cast: Cast) -> None:
        tried = 0
        for member in cast.values():
            with tenancy.enter(member.schema_name):
                others = [other for other in cast.values() if other != member]
                for schema in (other.schema_name for other in others):
                    tables = tables_of(schema)
                    assert {"orders_order", "identity_user", "ledger_posting"} <= set(tables)
                    for table in tables:
                        name = f'"{schema}"."{table}"'
                        assert refused(f"SELECT 1 FROM {name}") == DENIED, (member.slug, name)
                        tried += 1
                    assert refused(f'DELETE FROM "{schema}".orders_order') == DENIED
                    assert refused(f'INSERT INTO "{schema}".django_session VALUES (1)') == DENIED
        assert tried > 5 * 4 * 25

    def test_plain_names_mean_ones_own_tables(self, traces: dict[str, UUID], cast: Cast) -> None:
        for slug, member in cast.items():
            with tenancy.enter(member.schema_name):
                assert ask("SELECT public_id FROM orders_orderline") == [(traces[slug],)]

    def test_a_path_to_another_schema_opens_nothing(
        self, traces: dict[str, UUID], cast: Cast
    ) -> None:
        with tenancy.enter(cast["harbour"].schema_name), transaction.atomic():
            ask(f'SET LOCAL search_path TO "{cast["north"].schema_name}", public')
            assert refused("SELECT 1 FROM orders_order") == "42P01"  # it is not even found
            transaction.set_rollback(True)

    def test_the_structure_is_not_ones_own_to_change(self, db: None, harbour: Distributor) -> None:
        with tenancy.enter(harbour.schema_name):
            for statement in (
                "CREATE TABLE mine (id int)",
                "CREATE TEMPORARY TABLE mine (id int)",
                "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
                "CREATE SCHEMA mine",
                "ALTER TABLE ledger_posting DISABLE TRIGGER ALL",
                "ALTER TABLE public.settlement_pricehop DISABLE ROW LEVEL SECURITY",
                "DROP TABLE orders_order",
                "TRUNCATE ledger_posting CASCADE",
                f'CREATE POLICY p ON public.settlement_obligation TO "{harbour.schema_name}"',
                "INSERT INTO django_migrations (app, name, applied) VALUES ('a', 'b', now())",
            ):
                assert refused(statement) == DENIED, statement


class TestSharedTables:
    def test_every_table_is_in_the_list_above(self, db: None, cast: Cast) -> None:
        assert set(rows.shared_models()) == set(SEES), "say here who may see the new table's rows"
        with tenancy.shared():
            assert set(tables_of("public")) - {"pg_stat_statements", "pg_stat_statements_info"} == (
                set(SEES)
            )

    def test_everybody_sees_what_is_theirs_and_nothing_else(
        self, traces: dict[str, UUID], cast: Cast
    ) -> None:
        assert leaks(cast) == []
        # And there was something to keep apart.
        for table, condition in SEES.items():
            if condition not in (None, EVERYTHING):
                with tenancy.shared():
                    everything = seen(table) or set()
                with tenancy.enter(cast["harbour"].schema_name):
                    own = seen(table) or set()
                assert own < everything, table
                assert own, table

    def test_sequences_tell_nothing(self, db: None, harbour: Distributor) -> None:
        with tenancy.enter(harbour.schema_name):
            for table in ("settlement_obligation", "outbox_delivery", "distributors_distributor"):
                assert refused(f"SELECT last_value FROM public.{table}_id_seq") == DENIED

    def test_what_others_are_asking_is_not_shown(self, db: None, cast: Cast) -> None:
        where = settings.DATABASES["default"]
        login = {"user": where["USER"], "password": where["PASSWORD"], "dbname": where["NAME"]}
        with psycopg.connect(host=where["HOST"], port=where["PORT"], **login) as other:
            other.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(cast["north"].schema_name)))
            other.execute("SELECT 'a secret of north'")
            with tenancy.enter(cast["harbour"].schema_name):
                activity = "SELECT query FROM pg_catalog.pg_stat_activity WHERE pid = %s"
                assert ask(activity, other.info.backend_pid) == [("<insufficient privilege>",)]

    def test_a_policy_that_is_off_is_found(self, committed: None, cast: Cast) -> None:
        sale(cast["pier"])
        assert leaks(cast) == []
        with tenancy.owner(), connection.cursor() as cursor:
            cursor.execute("ALTER TABLE public.settlement_obligation DISABLE ROW LEVEL SECURITY")
        assert leaks(cast) == [f"{slug} of settlement_obligation" for slug in cast]
        with tenancy.owner(), connection.cursor() as cursor:
            cursor.execute("ALTER TABLE public.settlement_obligation ENABLE ROW LEVEL SECURITY")
            role = tenancy.role_name("tenant")
            cursor.execute(
                f'CREATE POLICY p ON public.settlement_obligation TO "{role}" USING (true)'
            )
        assert "rival of settlement_obligation" in leaks(cast)

    def test_a_table_that_says_nothing_fails_the_check(
        self, db: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert checks.every_shared_table_says_who_sees_its_rows(None) == []
        monkeypatch.delattr(Obligation, "rows")
        (error,) = checks.every_shared_table_says_who_sees_its_rows(None)
        assert (error.id, "settlement_obligation" in error.msg) == ("kernel.E001", True)


class TestHops:
    def test_each_level_knows_its_own_hops(self, traces: dict[str, UUID], cast: Cast) -> None:
        op, north, harbour, pier = (cast[slug].pk for slug in ("op", "north", "harbour", "pier"))
        whole = {(pier, harbour), (harbour, north), (north, op), (op, None)}
        for model in (PriceHop, Obligation):
            for slug, known in (
                ("pier", {(pier, harbour)}),
                ("harbour", {(pier, harbour), (harbour, north)}),
                ("north", {(harbour, north), (north, op)}),
                ("op", {(north, op), (op, None)}),
                ("rival", set()),
            ):
                with tenancy.enter(cast[slug].schema_name):
                    found = model.objects.filter(trace_id=traces["pier"])
                    assert set(found.values_list("debtor_id", "creditor_id")) == known
            with tenancy.shared():
                found = model.objects.filter(trace_id=traces["pier"])
                assert set(found.values_list("debtor_id", "creditor_id")) == whole

    def test_terms_are_known_to_their_two_parties(self, db: None, cast: Cast) -> None:
        for slug, children in (
            ("op", {"north", "rival"}),
            ("north", {"north", "harbour"}),
            ("harbour", {"harbour", "pier"}),
            ("pier", {"pier"}),
            ("rival", {"rival"}),
        ):
            with tenancy.enter(cast[slug].schema_name):
                found = ResellerTerms.objects.values_list("child_id", flat=True)
                assert set(found) == {cast[child].pk for child in children}

    def test_hops_and_obligations_are_written_by_the_doors_alone(
        self, traces: dict[str, UUID], cast: Cast
    ) -> None:
        """Not by the seller, a party to them, or the operator."""
        for slug in ("pier", "harbour", "op", "rival"):
            with tenancy.enter(cast[slug].schema_name):
                for table in ("settlement_pricehop", "settlement_obligation"):
                    for statement in (
                        f"INSERT INTO public.{table} SELECT * FROM public.{table}",
                        f"UPDATE public.{table} SET amount_minor = 1",
                        f"DELETE FROM public.{table}",
                    ):
                        assert refused(statement) == DENIED, (slug, statement)
                for statement in (
                    "INSERT INTO public.settlement_booking (obligation_id) VALUES (1)",
                    "DELETE FROM public.settlement_booking",
                    "UPDATE public.settlement_booking SET obligation_id = 1",
                    "UPDATE public.settlement_booking SET party_id = 1",
                ):
                    assert refused(statement) == DENIED, (slug, statement)

    def test_nobody_moves_in_the_tree_or_edits_terms(self, db: None, cast: Cast) -> None:
        harbour, pier = cast["harbour"], cast["pier"]
        with tenancy.enter(harbour.schema_name):
            table = "public.distributors_distributor"
            for column, value in (
                ("parent_id", str(cast["op"].pk)),
                ("parent_id", str(harbour.pk)),
                ("schema_name", "'t_aaaaaaaa'"),
                ("depth", "1"),
                ("slug", "'north2'"),
                ("state", "'LEFT'"),
            ):
                assert refused(f"UPDATE {table} SET {column} = {value}") == DENIED, column
            assert refused(f"UPDATE {table} SET tagline = 'x' WHERE id = {harbour.pk}") == ""
            # Somebody else's row is seen (a parent, a child) and still not touched.
            before = Distributor.objects.get(pk=pier.pk).tagline
            ask(
                f"UPDATE {table} SET tagline = 'theirs' WHERE id IN ({pier.pk}, {harbour.parent_id})"
            )
            assert Distributor.objects.get(pk=pier.pk).tagline == before
            terms = "public.distributors_resellerterms"
            assert refused(f"UPDATE {terms} SET wholesale_percent = 1") == DENIED
            # Only what is not yet in force may be withdrawn, and only by the parent.
            before_terms = ask(f"SELECT count(*) FROM {terms}")
            assert refused(f"DELETE FROM {terms}") == ""
            assert ask(f"SELECT count(*) FROM {terms}") == before_terms
            new = (
                f"INSERT INTO {terms} (public_id, child_id, wholesale_percent, valid, note) "
                "VALUES (gen_random_uuid(), %s, 1, '[2020-01-01,2020-01-02)', '')"
            )
            assert refused(new, harbour.pk) == DENIED  # its own terms are its parent's to set
            assert refused(new, cast["rival"].pk) == DENIED
            assert refused(new, pier.pk) == ""

    def test_the_doors_ask_whose_sale_it_is(self, traces: dict[str, UUID], cast: Cast) -> None:
        trace = str(traces["pier"])
        freeze = "SELECT public.freeze_waterfall(%s, 1, 1, now())"
        calls = (
            ("SELECT public.record_sale(%s, now())", "NC005"),
            ("SELECT public.record_sale_refund(%s, gen_random_uuid(), 1, 1, now())", "NC006"),
            (freeze, "NC005"),
        )
        with tenancy.shared():
            before = (Obligation.objects.count(), PriceHop.objects.count())
        for slug in ("rival", "harbour", "op"):
            with tenancy.enter(cast[slug].schema_name):
                for statement, code in calls:
                    assert refused(statement, trace) == code, (slug, statement)
        with tenancy.shared():
            assert refused(freeze, str(ids.new_id())) == "NC001"
            assert (Obligation.objects.count(), PriceHop.objects.count()) == before
        with tenancy.enter(cast["pier"].schema_name):
            assert record_sale(trace_id=traces["pier"], at=clock.now()) == 0  # it stands already
            assert refused(calls[1][0], str(ids.new_id())) == "NC006"


class TestWaysOut:
    @pytest.mark.usefixtures("hardened")
    def test_no_expression_can_change_the_role_or_ask_a_second_question(self, cast: Cast) -> None:
        other = cast["north"].schema_name
        with tenancy.enter(cast["harbour"].schema_name):
            for statement in (
                f"SELECT set_config('role', '{other}', false)",
                f"SELECT set_config('search_path', '{other}', false)",
                "SELECT query_to_xml('SELECT 1', true, true, '')",
                "SELECT table_to_xml('orders_order'::regclass, true, true, '')",
                f"SELECT schema_to_xml('{other}', true, true, '')",
                "SELECT database_to_xml(true, true, '')",
            ):
                assert refused(statement) == DENIED, statement
        for standing in (tenancy.enter(cast["op"].schema_name), tenancy.shared()):
            with standing:
                for function in hardening._FUNCTIONS:
                    ((may,),) = ask(
                        "SELECT has_function_privilege(current_user, %s, 'EXECUTE')",
                        f"pg_catalog.{function}",
                    )
                    assert may is False, function

    def test_a_path_brings_no_second_statement_along(self, db: None, cast: Cast) -> None:
        other = cast["north"].schema_name
        with tenancy.enter(cast["harbour"].schema_name):
            for path in (
                f'public; SET ROLE "{other}"',
                "public; SELECT 1",
                "public' ; RESET ROLE --",
                "public\n;RESET ROLE",
                "public/**/",
            ):
                assert refused("SELECT public.ledger_return(%s)", path) == "23L08", path
            assert refused("SELECT public.ledger_return(%s)", "public") == ""
            ((role,),) = ask("SELECT current_user")
            assert role == cast["harbour"].schema_name

    def test_no_other_function_of_ours_is_such_a_way(self, db: None) -> None:
        with tenancy.shared():
            found = ask(
                """SELECT p.proname, p.prosecdef, p.proconfig, p.prosrc ~* '\\mEXECUTE\\M'
                     FROM pg_catalog.pg_proc p
                    WHERE p.pronamespace = 'public'::regnamespace
                      AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                                       WHERE d.objid = p.oid AND d.deptype = 'e')"""
            )
        assert {name for name, definer, _, _ in found if definer} == DOORS
        for name, definer, options, _ in found:
            if definer:
                assert options == ["search_path=public, pg_temp"], name
        assert {name for name, _, _, from_text in found if from_text} == FROM_TEXT

    def test_a_role_can_be_become_by_the_login_alone(self, db: None, cast: Cast) -> None:
        """Tenants' roles log in nowhere, own nothing, and belong to nobody but what they must."""
        names = [member.schema_name for member in cast.values()]
        with tenancy.shared():
            found = ask(
                "SELECT rolname, rolcanlogin, rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, "
                " ARRAY(SELECT m.roleid::regrole::text FROM pg_auth_members m "
                "        WHERE m.member = r.oid ORDER BY 1) "
                "FROM pg_catalog.pg_roles r WHERE rolname = ANY(%s)",
                names,
            )
        tenant, operator = tenancy.role_name("tenant"), tenancy.role_name("operator")
        operators = cast["op"].schema_name
        assert {row[0]: row[1:] for row in found} == {
            name: (
                *[False] * 5,
                sorted([tenant, operator]) if name == operators else [tenant],
            )
            for name in names
        }
