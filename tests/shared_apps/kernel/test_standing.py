"""Where a connection stands, whatever went wrong before; and what a visitor carries from site to site."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from uuid import UUID

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection, transaction
from django.test import Client

from billing.ledger.models import Account, Entry, Journal, Posting
from shared_apps.distributors.models import Distributor
from shared_apps.kernel import clock, ids, rows, schemas, tenancy
from shared_apps.outbox import services as outbox
from shared_apps.outbox.models import Delivery
from tenant_apps.orders.models import Order
from tests import world
from tests.conftest import Inside
from tests.shared_apps.kernel.test_isolation import (
    APPEND_ONLY,
    ask,
    refused,
    sqlstate,
    tasks,
)

Cast = dict[str, Distributor]
Door = Callable[[], AbstractContextManager[None]]
DENIED = "42501"


class TestStanding:
    def test_without_a_tenant_no_statement_runs(self, db: None, north: Distributor) -> None:
        for attempt in (Order.objects.count, lambda: ask("SELECT 1"), tenancy.require):
            with pytest.raises(tenancy.TenantNotSet):
                attempt()
        with tenancy.shared():
            with pytest.raises(tenancy.TenantNotSet):
                tenancy.require()
            assert refused("SELECT 1 FROM orders_order") == "42P01"
        with pytest.raises(tenancy.TenantNotSet):
            outbox.publish("supplier.changed", {})

    def test_a_thread_stands_nowhere_until_it_says_so(
        self, committed: None, north: Distributor
    ) -> None:
        outcome: list[type[BaseException] | None] = []

        def work() -> None:
            try:
                Order.objects.count()
                outcome.append(None)
            except tenancy.TenantNotSet:
                outcome.append(tenancy.TenantNotSet)
            finally:
                connection.close()

        with tenancy.enter(north.schema_name):
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
        assert outcome == [tenancy.TenantNotSet]

    def test_a_transaction_belongs_to_one_tenant(
        self, committed: None, north: Distributor, harbour: Distributor
    ) -> None:
        with tenancy.enter(north.schema_name), transaction.atomic():
            doors: tuple[Door, ...] = (
                lambda: tenancy.enter(harbour.schema_name),
                tenancy.shared,
                tenancy.owner,
            )
            for door in doors:
                with pytest.raises(tenancy.SwitchInTransaction), door():
                    pass
            with tenancy.enter(north.schema_name):  # where we are already
                assert Order.objects.count() == 0

    @pytest.mark.parametrize(
        "name",
        ["public", "t_", "t_aaaaaaaaa", "T_aaaaaaaa", "t_aaaaaaa\n", "zz', 'tb", 't_"aaaaaa'],
    )
    def test_a_schema_has_a_name_of_ours(self, name: str) -> None:
        for door in (tenancy.enter, schemas.create, schemas.drop):
            with pytest.raises(ValueError, match="Not a tenant schema"):
                door(name)

    def test_each_task_says_for_whom_it_works(self) -> None:
        in_the_shared_plane = {
            "billing.ledger.tasks.fold_all",
            "billing.reconciliation.tasks.reconcile_all",
            "shared_apps.outbox.tasks.relay",
            "billing.settlement.tasks.book_pending",
        }
        ours = {n: t for n, t in tasks().items() if not n.startswith("celery.")}
        assert in_the_shared_plane < ours.keys()
        for name, task in ours.items():
            if name not in in_the_shared_plane:
                schema = inspect.signature(task.run).parameters.get("schema")
                assert schema is not None, f"{name} takes no `schema`"
                assert schema.default is inspect.Parameter.empty, name

    def test_a_task_without_a_tenant_is_refused(self, db: None, cast: Cast) -> None:
        north, harbour = cast["north"], cast["harbour"]
        deliver = tasks()["shared_apps.outbox.tasks.deliver"]
        with pytest.raises(TypeError, match="schema"):
            deliver(delivery_id=1)
        with pytest.raises(tenancy.TenantNotSet):
            outbox.deliver(delivery_id=1)
        with tenancy.enter(north.schema_name):
            outbox.publish("order.expire", {"order": str(ids.new_id())})
            delivery = Delivery.objects.get(topic="order.expire")
        with tenancy.shared(), pytest.raises(tenancy.TenantNotSet):
            outbox.deliver(delivery_id=delivery.pk)
        deliver(schema=harbour.schema_name, delivery_id=delivery.pk)
        with tenancy.enter(north.schema_name):
            delivery.refresh_from_db()
            assert (delivery.state, delivery.attempts) == ("PENDING", 0)

    def test_a_delivery_cannot_name_what_is_to_run(self, db: None, north: Distributor) -> None:
        """Who can write a row of the outbox still runs nothing but what the wiring names."""
        with tenancy.enter(north.schema_name):
            planted = Delivery.objects.create(
                schema=north.schema_name,
                topic="order.expire",
                handler="subprocess.check_call",
                payload={"false": 1},
            )
            assert outbox.deliver(delivery_id=planted.pk) is False
            planted.refresh_from_db()
            assert planted.last_error.startswith("LookupError: subprocess.check_call")


class TestWhatVisitorsCarry:
    @pytest.fixture(autouse=True)
    def clean(self, clean_cache: None) -> None:
        pass

    def test_cached_values_are_their_tenants(self, db: None, cast: Cast) -> None:
        north, harbour = cast["north"], cast["harbour"]
        with tenancy.enter(north.schema_name):
            cache.set("k", "north's")
            assert cache.make_key("k").startswith(f"{north.schema_name}:")
        with tenancy.enter(harbour.schema_name):
            assert cache.get("k") is None
        with tenancy.shared():
            assert cache.get("k") is None
            assert cache.make_key("k").startswith("public:")
        with tenancy.enter(north.schema_name):
            assert cache.get("k") == "north's"

    @pytest.mark.django_db
    def test_a_session_means_nothing_at_another_shop(
        self, cast: Cast, client_for: Callable[..., Client]
    ) -> None:
        north, harbour = cast["north"], cast["harbour"]
        with tenancy.enter(north.schema_name):
            user = world.customer().user
        client = client_for(north, user)
        assert client.get("/orders/").status_code == 200
        cookie = client.cookies[settings.SESSION_COOKIE_NAME]
        assert not cookie["domain"]  # host-only
        for other in (harbour, cast["op"], cast["rival"]):
            stranger = client_for(other)
            stranger.cookies[settings.SESSION_COOKIE_NAME] = cookie.value
            answer = stranger.get("/orders/")
            assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (
                302,
                "/accounts/login/",
            )
        assert client.get("/orders/").status_code == 200


class TestWrittenOnce:
    def test_audit_and_books_are_never_changed(self, traces: dict[str, UUID], cast: Cast) -> None:
        assert set(rows.append_only_tables()) == APPEND_ONLY
        with tenancy.enter(cast["pier"].schema_name):
            for table in ("audit_record", "balances_lotuse", "ledger_entry", "ledger_posting"):
                ((count,),) = ask(f"SELECT count(*) FROM {table}")
                assert count > 0, table
            for table in APPEND_ONLY:
                column = "id"
                assert refused(f"UPDATE {table} SET {column} = {column}") == DENIED, table
                assert refused(f"DELETE FROM {table}") == DENIED, table
        with tenancy.shared():
            for table in ("audit_record", "settlement_obligation", "settlement_pricehop"):
                assert refused(f"UPDATE public.{table} SET id = id") == DENIED
                assert refused(f"DELETE FROM public.{table}") == DENIED

    def test_an_unbalanced_entry_is_refused_also_when_the_schema_is_switched(
        self, committed: None, cast: Cast, inside: Inside
    ) -> None:
        """By hand, past the kernel, which would judge it at the door: at commit, in another schema."""
        north, harbour = cast["north"], cast["harbour"]
        with inside(north), pytest.raises(DatabaseError) as error, transaction.atomic():
            entry = Entry.objects.create(
                journal=Journal.objects.get(code="GENERAL"),
                kind="by_hand",
                source="by:hand",
                effective_at=clock.now(),
            )
            for code, direction, minor in (("1001", "DEBIT", 5), ("6001", "CREDIT", 4)):
                Posting.objects.create(
                    entry=entry,
                    account=Account.objects.get(code=code),
                    direction=direction,
                    amount_minor=minor,
                )
            with connection.cursor() as cursor:
                cursor.execute(f'SET LOCAL search_path TO "{harbour.schema_name}", public')
        assert sqlstate(error.value) == "23L01"
        with inside(north):
            assert not Entry.objects.filter(source="by:hand").exists()
