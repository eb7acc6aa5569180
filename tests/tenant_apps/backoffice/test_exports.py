"""An export is the list as it is shown, harmless to spreadsheets, for those who may see it, and on record."""

from __future__ import annotations

import csv
import io

import pytest
from django.urls import reverse

from billing.ledger.queries import trial_balance
from shared_apps.audit.models import Record
from shared_apps.distributors.models import Distributor
from shared_apps.identity.enums import Role
from shared_apps.kernel.spreadsheets import neutral
from tenant_apps.backoffice import listing
from tenant_apps.customers import services as customers
from tenant_apps.orders.models import Order
from tests import world
from tests.conftest import Inside

from .conftest import SignIn


def rows(answer: object) -> list[list[str]]:
    text = answer.content.decode("utf-8-sig")  # type: ignore[attr-defined]
    return list(csv.reader(io.StringIO(text)))


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "=cmd|' /C calc'!A0"]
)
def test_what_looks_like_a_formula_is_made_text(cell: str) -> None:
    assert neutral(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "客户甲", "1+1", " =1"])
def test_other_text_stays_as_it_is(cell: str) -> None:
    assert neutral(cell) == cell


def test_a_customers_company_cannot_carry_a_formula_out(
    pier: Distributor, sign_in: SignIn, inside: Inside
) -> None:
    with inside(pier):
        customers.change_company(customer=world.customer(), company='=HYPERLINK("http://x")')
    head, *body = rows(sign_in(pier, Role.MANAGER).get("/office/customers/export.csv"))
    assert "单位" in head
    companies = {row[head.index("单位")] for row in body}
    assert companies == {'\'=HYPERLINK("http://x")', ""}


def test_an_export_holds_what_the_list_is_filtered_to_and_is_audited(
    sold: Order, pier: Distributor, sign_in: SignIn, inside: Inside
) -> None:
    with inside(pier):
        world.place(world.customer("客户乙"), world.a_choice(hours=2))
    answer = sign_in(pier, Role.SUPPORT).get("/office/orders/export.csv?state=COMPLETED")
    head, *body = rows(answer)
    assert [row[0] for row in body] == [sold.number]
    assert body[0][head.index("金额（元）")] == str(sold.total)
    assert answer["Content-Disposition"].startswith("attachment")
    with inside(pier):
        told = Record.objects.get(action="office.export")
        assert told.actor_name == Role.SUPPORT
        assert told.after == {
            "list": "office:orders_export",
            "rows": 1,
            "query": {"state": "COMPLETED"},
        }


def test_who_may_not_open_the_list_may_not_take_it_away(
    pier: Distributor, sign_in: SignIn, inside: Inside
) -> None:
    browser = sign_in(pier, Role.SALES)
    for name in (
        "payments_export",
        "journal_export",
        "trial_export",
        "staff_export",
        "audit_export",
    ):
        assert browser.get(reverse(f"office:{name}")).status_code == 403
    with inside(pier):
        assert not Record.objects.filter(action="office.export").exists()


def test_too_much_is_refused_and_not_cut_short(
    sold: Order, pier: Distributor, sign_in: SignIn, inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "MOST_EXPORTED", 3)
    answer = sign_in(pier, Role.FINANCE).get("/office/books/journal/export.csv")
    assert answer.status_code == 422 and "最多导出 3 行" in answer.content.decode()
    with inside(pier):
        assert not Record.objects.filter(action="office.export").exists()


def test_the_trial_balance_leaves_as_the_books_have_it(
    sold: Order, pier: Distributor, sign_in: SignIn, inside: Inside
) -> None:
    head, *body = rows(sign_in(pier, Role.FINANCE).get("/office/books/trial/export.csv"))
    with inside(pier):
        book = {row.code: row for row in trial_balance().rows}
    assert {row[0] for row in body} == set(book)
    for row in body:
        assert row[head.index("本期借方（元）")] == (
            str(book[row[0]].debit) if book[row[0]].debit else ""
        )
