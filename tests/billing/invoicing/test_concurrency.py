"""Many hands at one customer's consumption: never more on paper than was consumed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from django.db import connection

from billing.invoicing import services
from billing.invoicing.errors import NothingToInvoice
from billing.invoicing.models import Consumption, Invoice, InvoiceLine
from shared_apps.distributors.models import Distributor
from shared_apps.identity.enums import Role
from shared_apps.kernel import tenancy
from shared_apps.kernel.errors import DomainError
from shared_apps.kernel.ids import new_id
from shared_apps.kernel.money import Money
from tests import world

from .conftest import AT, a_title, ask, consumed, papers

Work = Callable[[], object]


def at_once(works: Sequence[Work], *, schema: str) -> list[str]:
    gate = Barrier(len(works))

    def run(work: Work) -> str:
        try:
            with tenancy.enter(schema):
                Invoice.objects.exists()  # connected before the start
                gate.wait(60)
                work()
        except DomainError as error:
            return error.code
        else:
            return "done"
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def test_twelve_requests_for_the_same_consumption_make_one_invoice(
    committed: None, harbour: Distributor
) -> None:
    who = new_id()
    with tenancy.enter(harbour.schema_name):
        what = [consumed(who, "10.00") for _ in range(5)]
        a_title(who)
    works = [lambda: ask(who, *what), lambda: ask(who, *reversed(what))] * 6
    told = at_once(works, schema=harbour.schema_name)
    assert sorted(told) == ["done"] + [NothingToInvoice.code] * 11
    with tenancy.enter(harbour.schema_name):
        assert str(Invoice.objects.get().amount) == "50.00"
        assert {one.invoiced_minor for one in Consumption.objects.all()} == {1000}


def test_refund_withdrawal_and_issue_at_once_leave_paper_and_consumption_agreeing(
    committed: None, harbour: Distributor
) -> None:
    who = new_id()
    for round_number in range(8):
        with tenancy.enter(harbour.schema_name):
            one, other = consumed(who, "10.00"), consumed(who, "7.00")
            invoice = ask(who, one, other)
            finance = world.staff(Role.FINANCE)
        paper = papers(100 + round_number)
        at_once(
            [
                lambda one=one: services.record_return(  # type: ignore[misc]
                    line_id=one.line_id, amount=Money.of("4.00")
                ),
                lambda invoice=invoice: services.withdraw(  # type: ignore[misc]
                    customer_id=who, public_id=invoice.public_id, at=AT
                ),
                lambda invoice=invoice, paper=paper, by=finance: services.issue(  # type: ignore[misc]
                    invoice=invoice, papers=paper, by=by, at=AT
                ),
            ],
            schema=harbour.schema_name,
        )
        with tenancy.enter(harbour.schema_name):
            invoice.refresh_from_db()
            one.refresh_from_db()
            other.refresh_from_db()
            assert one.returned_minor == 400
            if invoice.state == "ISSUED":  # before the refund came: it must be reversed by 4.00
                assert (one.invoiced_minor, one.excess_minor, other.invoiced_minor) == (
                    1000,
                    400,
                    700,
                )
            elif invoice.state == "WITHDRAWN":
                assert (one.invoiced_minor, other.invoiced_minor) == (0, 0)
            else:
                raise AssertionError(f"nothing happened to {invoice.state}")


def test_two_red_invoices_at_once_never_take_more_than_the_blue_has(
    committed: None, harbour: Distributor
) -> None:
    who = new_id()
    with tenancy.enter(harbour.schema_name):
        finance = world.staff(Role.FINANCE)
        invoice = services.issue(
            invoice=ask(who, consumed(who, "10.00")), papers=papers(1), by=finance, at=AT
        )
        line = invoice.lines.get().public_id
    works = [
        lambda number=number: services.reverse(
            invoice=invoice,
            parts={line: Money.of("4.00")},
            papers=papers(number),
            reason="退款",
            request_key=new_id(),
            by=finance,
            at=AT,
        )
        for number in range(2, 8)
    ]
    told = at_once(works, schema=harbour.schema_name)
    assert sorted(told) == ["done"] * 2 + ["invoicing.more_than_blue"] * 4
    with tenancy.enter(harbour.schema_name):
        assert Consumption.objects.get().invoiced_minor == 200
        assert InvoiceLine.objects.count() == 3
