"""Never more on paper than was consumed: the rules, the exact figures, and the database's own word."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction

from billing.invoicing import errors, queries, services
from billing.invoicing.models import Consumption, Invoice, InvoiceLine, Title
from billing.invoicing.services import Papers
from shared_apps.audit.models import Record
from shared_apps.files.errors import FileKindRefused
from shared_apps.files.models import StoredFile
from shared_apps.identity.enums import Role
from shared_apps.kernel.errors import DomainError
from shared_apps.kernel.ids import new_id
from shared_apps.kernel.money import Money
from tests import world

from .conftest import AT, TAX_NUMBER, a_title, ask, consumed, papers

WHO = new_id()
pytestmark = pytest.mark.usefixtures("shop")


def issued(*what: Consumption, number: int = 1) -> Invoice:
    return services.issue(
        invoice=ask(WHO, *what), papers=papers(number), by=world.staff(Role.FINANCE), at=AT
    )


def red(invoice: Invoice, parts: dict[str, str] | None, number: int) -> Invoice:
    lines = {line.name: line.public_id for line in invoice.lines.all()}
    return services.reverse(
        invoice=invoice,
        parts=None
        if parts is None
        else {lines[name]: Money.of(amount) for name, amount in parts.items()},
        papers=papers(number),
        reason="退款",
        request_key=new_id(),
        by=world.staff(Role.FINANCE),
        at=AT,
    )


# ---- titles


def test_a_companys_title_needs_a_tax_number_that_holds() -> None:
    for number in ("", TAX_NUMBER[:-1] + "4", "123456789012345"):
        with pytest.raises(errors.TaxNumberWrong):
            services.save_title(
                customer_id=WHO, title_kind="COMPANY", name="公司", tax_number=number
            )
    assert not Title.objects.exists()
    spaced = services.save_title(
        customer_id=WHO, title_kind="COMPANY", name="公司", tax_number=f" {TAX_NUMBER.lower()} "
    )
    assert spaced.tax_number == TAX_NUMBER


def test_one_title_is_the_default_whatever_is_added_or_removed() -> None:
    first, second = a_title(WHO, "甲公司"), a_title(WHO, "乙公司")
    assert (first.is_default, second.is_default) == (True, False)
    services.save_title(
        customer_id=WHO,
        title_id=second.public_id,
        title_kind="PERSON",
        name="本人",
        is_default=True,
    )
    assert [title.name for title in queries.titles_of(customer_id=WHO)] == ["本人", "甲公司"]
    assert Title.objects.get(is_default=True).name == "本人"
    services.remove_title(customer_id=WHO, title_id=second.public_id)
    assert Title.objects.get().is_default


def test_anothers_title_does_not_exist() -> None:
    title = a_title(WHO)
    for refused in (
        lambda: services.remove_title(customer_id=new_id(), title_id=title.public_id),
        lambda: queries.title_of(customer_id=new_id(), public_id=title.public_id),
    ):
        with pytest.raises(errors.TitleNotFound):
            refused()
    assert Title.objects.count() == 1


# ---- asking


def test_a_request_claims_all_that_is_open_with_the_tax_split_exactly() -> None:
    one, two = consumed(WHO, "100.00"), consumed(WHO, "0.01", rate="13")
    invoice = ask(WHO, one, two)
    assert (str(invoice.amount), str(invoice.net), str(invoice.tax)) == ("100.01", "94.35", "5.66")
    assert [(str(x.amount), str(x.net), str(x.tax)) for x in invoice.lines.all()] == [
        ("100.00", "94.34", "5.66"),
        ("0.01", "0.01", "0.00"),
    ]
    one.refresh_from_db()
    assert (one.invoiced_minor, one.open_minor) == (10000, 0)
    with pytest.raises(errors.NothingToInvoice):
        ask(WHO, one)
    assert Invoice.objects.count() == 1


def test_a_repeated_request_finds_the_first() -> None:
    one, key = consumed(WHO, "5"), new_id()
    assert ask(WHO, one, key=key).pk == ask(WHO, one, key=key).pk
    assert Invoice.objects.count() == 1


def test_consumption_of_somebody_else_is_not_invoiced() -> None:
    other = consumed(new_id(), "5")
    with pytest.raises(errors.NothingToInvoice):
        ask(WHO, consumed(WHO, "5"), other)
    other.refresh_from_db()
    assert other.invoiced_minor == 0
    assert not Invoice.objects.exists()


def test_a_special_invoice_goes_to_companies_only() -> None:
    person = services.save_title(customer_id=WHO, title_kind="PERSON", name="本人")
    with pytest.raises(errors.CompanyOnly):
        services.ask(
            customer_id=WHO,
            title_id=person.public_id,
            kind="SPECIAL",
            consumptions=[consumed(WHO, "5").public_id],
            email="a@b.test",
            request_key=new_id(),
            at=AT,
        )
    assert not Invoice.objects.exists()


def test_what_was_withdrawn_or_rejected_can_be_asked_for_again() -> None:
    one = consumed(WHO, "5")
    services.withdraw(customer_id=WHO, public_id=ask(WHO, one).public_id, at=AT)
    services.reject(invoice=ask(WHO, one), reason="抬头与营业执照不符", at=AT)
    again = ask(WHO, one)
    assert str(again.amount) == "5.00"
    one.refresh_from_db()
    assert one.invoiced_minor == 500
    with pytest.raises(errors.InvoiceNotFound):
        services.withdraw(customer_id=new_id(), public_id=again.public_id, at=AT)


def test_the_period_is_half_open() -> None:
    early, late = consumed(WHO, "1", at=AT), consumed(WHO, "2", at=AT + timedelta(days=1))
    found = queries.open_consumption(customer_id=WHO, since=AT, until=AT + timedelta(days=1))
    assert list(found) == [early]
    assert set(queries.open_consumption(customer_id=WHO)) == {early, late}


# ---- issuing


def test_an_issued_invoice_has_its_number_its_file_and_goes_out_by_mail_once() -> None:
    invoice = issued(consumed(WHO, "106.00"))
    assert (invoice.state, invoice.tax_invoice_number) == ("ISSUED", "0" * 19 + "1")
    assert invoice.file is not None and bytes(invoice.file.content) == b"%PDF-1.7 an invoice"
    assert services.deliver(public_id=invoice.public_id, shop="海港算力", at=AT)
    assert not services.deliver(public_id=invoice.public_id, shop="海港算力", at=AT)
    (sent,) = mail.outbox
    assert sent.to == ["finance@customer.test"]
    assert sent.attachments[0][1] == b"%PDF-1.7 an invoice"
    assert "106.00" in sent.body


@pytest.mark.parametrize(
    ("code", "number"),
    [("", "1"), ("", "123456789012345678901"), ("1234567890", "1" * 20), ("123", "12345678")],
)
def test_a_number_of_neither_kind_is_refused(code: str, number: str) -> None:
    invoice = ask(WHO, consumed(WHO, "5"))
    wrong = Papers(code, number, date(2026, 11, 20), papers().upload)
    with pytest.raises(errors.NumberWrong):
        services.issue(invoice=invoice, papers=wrong, by=world.staff(Role.FINANCE), at=AT)
    assert Invoice.objects.get().state == "REQUESTED"


def test_a_wrong_file_leaves_the_request_as_it_was() -> None:
    invoice = ask(WHO, consumed(WHO, "5"))
    page = Papers("", "1" * 20, date(2026, 11, 20), SimpleUploadedFile("a.pdf", b"<html>"))
    with pytest.raises(FileKindRefused):
        services.issue(invoice=invoice, papers=page, by=world.staff(Role.FINANCE), at=AT)
    invoice.refresh_from_db()
    assert (invoice.state, invoice.tax_invoice_number) == ("REQUESTED", "")
    assert not StoredFile.objects.exists()


def test_a_number_is_used_once() -> None:
    issued(consumed(WHO, "5"), number=7)
    second = ask(WHO, consumed(WHO, "6"))
    with pytest.raises(errors.NumberUsed):
        services.issue(invoice=second, papers=papers(7), by=world.staff(Role.FINANCE), at=AT)
    second.refresh_from_db()
    assert second.state == "REQUESTED"


def test_an_invoice_of_tomorrow_is_refused() -> None:
    invoice = ask(WHO, consumed(WHO, "5"))
    with pytest.raises(errors.DateWrong):
        services.issue(
            invoice=invoice,
            papers=papers(day=date(2026, 11, 21)),
            by=world.staff(Role.FINANCE),
            at=AT,
        )
    assert not StoredFile.objects.exists()


def test_what_was_refunded_after_it_was_asked_for_is_not_issued() -> None:
    one = consumed(WHO, "5")
    invoice = ask(WHO, one)
    services.record_return(line_id=one.line_id, amount=Money.of("0.01"))
    with pytest.raises(errors.MoreThanConsumed):
        services.issue(invoice=invoice, papers=papers(), by=world.staff(Role.FINANCE), at=AT)
    invoice.refresh_from_db()
    assert invoice.state == "REQUESTED"
    services.reject(invoice=invoice, reason="已部分退款", at=AT)
    assert str(ask(WHO, one).amount) == "4.99"


# ---- red


def test_the_reds_of_a_line_add_up_to_its_own_net_and_tax() -> None:
    invoice = issued(consumed(WHO, "1.00"))  # 0.94 + 0.06
    parts = [red(invoice, {"A100 × 8": "0.33"}, number) for number in (2, 3, 4)]
    last = red(invoice, None, 5)
    assert [(str(x.amount), str(x.net), str(x.tax)) for x in (*parts, last)] == [
        ("-0.33", "-0.31", "-0.02"),
        ("-0.33", "-0.31", "-0.02"),
        ("-0.33", "-0.31", "-0.02"),
        ("-0.01", "-0.01", "0.00"),
    ]
    invoice.refresh_from_db()
    assert (invoice.state, str(invoice.reversed)) == ("REVERSED", "1.00")
    assert Consumption.objects.get().invoiced_minor == 0
    with pytest.raises(errors.NotThisState):
        red(invoice, None, 6)
    assert Invoice.objects.count() == 5


def test_no_more_is_reversed_than_is_left() -> None:
    invoice = issued(consumed(WHO, "1.00"))
    red(invoice, {"A100 × 8": "0.60"}, 2)
    with pytest.raises(errors.MoreThanBlue):
        red(invoice, {"A100 × 8": "0.41"}, 3)
    assert Consumption.objects.get().invoiced_minor == 40
    assert Invoice.objects.count() == 2


def test_a_refund_of_what_was_invoiced_waits_for_a_red_invoice() -> None:
    one, other = consumed(WHO, "8"), consumed(WHO, "2")
    invoice = issued(one, other)
    services.record_return(line_id=one.line_id, amount=Money.of("3"))
    assert [str(x.excess) for x in queries.to_reverse()] == ["3.00"]
    assert [str(x.excess) for x in queries.blue_lines(invoice)] == ["3.00", "0.00"]
    line = invoice.lines.get(consumption=one)
    services.reverse(
        invoice=invoice,
        parts={line.public_id: Money.of("3")},
        papers=papers(2),
        reason="部分退款",
        request_key=new_id(),
        by=world.staff(Role.FINANCE),
        at=AT,
    )
    assert not queries.to_reverse().exists()
    assert queries.standing_of(customer_id=WHO) == queries.Invoiced(
        Money.of("7"), Money.of("7"), Money.of("0")
    )


# ---- the database itself


def refused(statement: str, *values: int | UUID) -> str:
    with pytest.raises(DatabaseError) as told, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    return str(told.value.__cause__.sqlstate)  # type: ignore[union-attr]


def test_the_database_keeps_the_figures_whoever_writes() -> None:
    one = consumed(WHO, "5")
    invoice = ask(WHO, one)
    columns = (
        "public_id, invoice_id, consumption_id, name, tax_item, tax_rate, "
        "amount_minor, net_minor, tax_minor, currency"
    )
    second = consumed(WHO, "9")
    line = f"INSERT INTO invoicing_invoiceline ({columns}) SELECT %s, %s, %s, 'x', 'x', 6, %s, %s, 0, 'CNY'"
    more = (new_id(), invoice.pk, second.pk, 901, 901)
    assert refused(line, *more) == "23I01"
    assert refused(line, *more[:3], 900, 900) == "23I03"  # the invoice no longer adds up
    assert refused("UPDATE invoicing_consumption SET invoiced_minor = 0") == "23I03"
    assert refused("UPDATE invoicing_consumption SET consumed_minor = 9999") == "23I03"
    assert refused(
        "UPDATE invoicing_invoice SET amount_minor = 1, net_minor = 1, tax_minor = 0"
    ) == ("23I03")
    services.withdraw(customer_id=WHO, public_id=invoice.public_id, at=AT)
    assert refused("UPDATE invoicing_invoice SET state = 'REQUESTED'") == "23I03"
    assert refused("DELETE FROM invoicing_invoiceline") == "42501"
    assert InvoiceLine.objects.count() == 1


def test_every_step_is_on_record() -> None:
    invoice = issued(consumed(WHO, "5"))
    red(invoice, None, 2)
    actions = list(
        Record.objects.filter(object_id=str(invoice.public_id)).order_by("id").values_list("action")
    )
    assert actions == [("invoice.ask",), ("invoice.issue",), ("invoice.reverse",)]


def test_a_refusal_is_a_sentence_in_chinese() -> None:
    for refusal in (errors.MoreThanConsumed(), errors.MoreThanBlue(), errors.NumberUsed()):
        assert isinstance(refusal, DomainError) and str(refusal).endswith("。")
