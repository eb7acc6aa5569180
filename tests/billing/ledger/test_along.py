"""What goes along with an entry is written with it, once; and an entry is made by the rules that stand."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from billing.ledger import services
from billing.ledger.errors import FloorBreached, UnmatchedEvent
from billing.ledger.models import Account, Entry, Journal
from billing.ledger.services import Along
from shared_apps.audit.models import Record
from shared_apps.distributors.models import Distributor
from shared_apps.kernel import tenancy
from shared_apps.outbox.models import Delivery
from tests.billing.ledger.telling import AT, available, event
from tests.shared_apps.kernel.test_isolation import refused

NEWS = Along(
    "payment.succeed",
    before={"state": "OPEN"},
    after={"state": "SUCCEEDED"},
    note="到账",
    news=[("order.expire", {"order": "1"})],
)


def written() -> tuple[int, int, int]:
    return (
        Entry.objects.count(),
        Record.objects.filter(action="payment.succeed").count(),
        Delivery.objects.filter(topic="order.expire").count(),
    )


@pytest.mark.usefixtures("books")
class TestAlong:
    def test_record_and_news_are_written_with_the_entry(self) -> None:
        (entry,) = services.post_events(
            events=[event("recharge", "1.00", "payment:1")], along=[NEWS]
        )
        record = Record.objects.get(action="payment.succeed")
        assert (record.object_type, record.object_id) == ("ledger.entry", str(entry.public_id))
        assert (record.before, record.after) == ({"state": "OPEN"}, {"state": "SUCCEEDED"})
        assert (record.actor_kind, record.note, record.ip) == ("SYSTEM", "到账", None)
        delivery = Delivery.objects.get(topic="order.expire")
        assert (delivery.payload, delivery.state) == ({"order": "1"}, "PENDING")
        assert delivery.schema == tenancy.require()

    def test_an_event_told_again_brings_neither_again(self) -> None:
        told = event("recharge", "1.00", "payment:1")
        services.post_events(events=[told], along=[NEWS])
        before = written()
        services.post_events(events=[told], along=[NEWS])
        services.post_events(events=[told, told], along=[NEWS, NEWS])
        assert written() == before == (1, 1, 1)

    def test_of_a_batch_each_brings_its_own(self) -> None:
        events = [event("recharge", "1.00", f"payment:{n}") for n in range(3)]
        services.post_events(events=events, along=[NEWS, None, Along("payment.succeed")])
        assert written() == (3, 2, 1)

    def test_what_is_refused_leaves_nothing(self) -> None:
        before = written()
        with pytest.raises(FloorBreached):
            services.post_events(events=[event("hold", "1.00", "hold:1")], along=[NEWS])
        assert written() == before

    def test_the_entry_is_as_it_stands_in_the_books(self) -> None:
        told = event("recharge", "1.00", "payment:1")
        for _ in range(2):
            (entry,) = services.post_events(events=[told])
            kept = Entry.objects.get(pk=entry.pk)
            for field in Entry._meta.concrete_fields:
                assert getattr(entry, field.attname) == getattr(kept, field.attname), field.name


@pytest.mark.usefixtures("books")
class TestRulesOfTheMoment:
    def test_a_rule_switched_off_is_noticed_by_a_process_that_kept_it(self) -> None:
        services.post_events(events=[event("recharge", "1.00", "payment:1")])
        services.switch_off(event="recharge", starts_at=None, at=AT)
        before = written()
        with pytest.raises(UnmatchedEvent):
            services.post_events(events=[event("recharge", "1.00", "payment:2")])
        assert written() == before


class TestOneStatement:
    def test_an_entry_costs_one_statement_where_no_transaction_is_open(
        self, real_books: str
    ) -> None:
        with tenancy.enter(real_books):
            services.post_events(events=[event("recharge", "1.00", "payment:1")])
            with CaptureQueriesContext(connection) as sent:
                services.post_events(events=[event("recharge", "1.00", "payment:2")], along=[NEWS])
            assert len(sent) == 1
            assert written() == (2, 1, 1)

    def test_what_is_prepared_follows_from_shop_to_shop(
        self, real_books: str, north: Distributor
    ) -> None:
        with tenancy.enter(north.schema_name):
            services.open_books(at=AT)
        for number in range(4):
            for schema in (real_books, north.schema_name):
                with tenancy.enter(schema):
                    for again in range(3):
                        services.post_events(
                            events=[event("recharge", "1.00", f"p:{number}:{again}")]
                        )
        for schema in (real_books, north.schema_name):
            with tenancy.enter(schema):
                assert Entry.objects.count() == 12
                assert str(available()) == "12.00"

    def test_a_refusal_in_an_open_transaction_leaves_it_usable(self, real_books: str) -> None:
        with tenancy.enter(real_books), transaction.atomic():
            services.post_events(events=[event("recharge", "1.00", "payment:1")])
            with pytest.raises(FloorBreached):
                services.post_events(events=[event("hold", "2.00", "hold:1")])
            services.post_events(events=[event("hold", "1.00", "hold:2")])
        with tenancy.enter(real_books):
            assert Entry.objects.count() == 2


@pytest.mark.usefixtures("books")
class TestWhatStays:
    @pytest.mark.parametrize("model", [Account, Journal])
    def test_accounts_and_journals_are_not_deleted(self, model: type) -> None:
        table = model._meta.db_table  # type: ignore[attr-defined]
        assert refused(f"DELETE FROM {table}") == "23L05"

    def test_an_entry_by_hand_names_a_journal_of_the_books(self) -> None:
        text = "INSERT INTO ledger_entry (public_id, journal_id, kind, source, effective_at, memo, facts)"
        assert refused(f"{text} VALUES (uuidv7(), 0, 'x', 'x', now(), '', '{{}}')") == "23L07"
