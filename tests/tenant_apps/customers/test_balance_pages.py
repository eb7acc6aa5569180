"""The pages of a customer's money: its parts, the statement, money in by bank and out again; and staff's side of it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from billing.balances.models import BankPayout, Gift, Hold, Lot, OfflineRecharge
from billing.balances.queries import balance_of
from billing.balances.services import holds
from shared_apps.approvals.models import ApprovalRequest
from shared_apps.audit.models import Record
from shared_apps.distributors.models import Distributor
from shared_apps.identity.enums import Role
from shared_apps.kernel import clock, ids, tenancy
from shared_apps.kernel.money import Money
from tenant_apps.customers import statements
from tenant_apps.customers.models import Customer
from tests import world
from tests.billing.balances.purses import GIFTED, PAID, PROMO, fill, party
from tests.conftest import Inside


@pytest.fixture
def who(db: None, harbour: Distributor, inside: Inside) -> Iterator[Customer]:
    with inside(harbour):
        who = world.customer()
        at = clock.now() - timedelta(hours=1)
        fill(who, PAID, "100.00", at=at)
        fill(who, GIFTED, "20.00", at=at + timedelta(minutes=1))
        fill(who, PROMO, "5.00", at=at + timedelta(minutes=2))
        subject = ids.new_id()
        holds.place(
            customer=party(who),
            parts=[(subject, Money.of("8.00"))],
            at=at + timedelta(minutes=3),
            memo="=订单",
        )
    yield who


@pytest.fixture
def browser(who: Customer, harbour: Distributor, client_for: Callable[..., Client]) -> Client:
    return client_for(harbour, who.user)


@pytest.fixture
def finance(
    who: Customer, harbour: Distributor, inside: Inside, client_for: Callable[..., Client]
) -> Client:
    with inside(harbour):
        user = world.staff(Role.FINANCE)
    return client_for(harbour, user)


def test_the_balance_page_shows_the_parts_and_every_movement(browser: Client) -> None:
    page = browser.get("/balance/").content.decode()
    for text in ("117.00", "100.00", "17.00", "开业活动", "到期"):
        assert text in page
    assert [row["what"] for row in browser.get("/balance/").context["entries"]] == [
        "冻结",
        "赠送",
        "赠送",
        "充值",
    ]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("kind=gift", 2),
        ("lot=PROMO", 2),
        ("lot=NONE", 4),
        ("from=2099-01-01", 0),
        ("to=2020-01-01", 0),
        ("from=0001-01-01&to=9999-12-31", 4),
        ("from=nonsense&kind=%00", 4),
        ("page=99", 4),
    ],
)
def test_the_statement_is_filtered_by_the_address(browser: Client, query: str, count: int) -> None:
    answer = browser.get(f"/balance/?{query}")
    assert (answer.status_code, len(answer.context["entries"])) == (200, count)


def test_the_statement_is_taken_away_as_csv_and_as_a_workbook(
    browser: Client, harbour: Distributor, inside: Inside
) -> None:
    text = browser.get("/balance/export/").content.decode("utf-8-sig").splitlines()
    assert len(text) == 5
    assert "'=订单" in text[1]
    assert text[1].endswith(",0.00,-3.00,-5.00,8.00,117.00,8.00")
    answer = browser.get("/balance/export/?form=xlsx&kind=hold")
    (sheet,) = load_workbook(io.BytesIO(answer.content)).worksheets
    rows = list(sheet.values)
    assert len(rows) == 2
    assert rows[1][2] == "'=订单"
    assert [float(str(cell)) for cell in rows[1][3:]] == [0, -3, -5, 8, 117, 8]
    with inside(harbour):
        kept = Record.objects.filter(action="balance.export").order_by("id")
        assert [(record.after or {})["rows"] for record in kept] == [4, 1]


def test_a_page_of_a_statement_is_cut_wherever_it_is_cut(
    who: Customer, harbour: Distributor, inside: Inside
) -> None:
    with inside(harbour):
        lines = statements.Lines(statements.Wanted(who.public_id))
        whole = list(lines)
        assert len(whole) == len(lines) == 4
        for start in range(5):
            for stop in range(start, 6):
                assert lines[start:stop] == whole[start:stop]
        assert lines[2] == whole[2]


def test_a_slip_is_handed_in_read_back_and_taken_back(
    browser: Client, who: Customer, harbour: Distributor, inside: Inside
) -> None:
    told = {
        "amount": "500.00",
        "payer": "海港客户",
        "bank_reference": "N-1",
        "paid_on": "2026-03-01",
        "slip": SimpleUploadedFile("回单.pdf", b"%PDF-1.7 slip"),
    }
    assert browser.post("/balance/offline/", told).status_code == 302
    told["slip"] = SimpleUploadedFile("回单.pdf", b"%PDF-1.7 slip")
    again = browser.post("/balance/offline/", told)
    assert again.status_code == 422
    assert "已经提交过" in again.content.decode()
    with inside(harbour):
        found = OfflineRecharge.objects.get()
        assert balance_of(customer_id=who.public_id).available == Money.of("117.00")
    page = browser.get("/balance/offline/").content.decode()
    assert found.number in page
    slip = browser.get(f"/balance/offline/{found.public_id}/slip/")
    assert slip.content == b"%PDF-1.7 slip"
    assert slip.headers["Content-Disposition"].startswith("attachment")
    assert browser.post(f"/balance/offline/{found.public_id}/take-back/").status_code == 302
    with inside(harbour):
        assert ApprovalRequest.objects.get(subject_id=found.public_id).state == "WITHDRAWN"


def test_a_slip_is_for_its_own_customer(
    browser: Client,
    who: Customer,
    harbour: Distributor,
    inside: Inside,
    client_for: Callable[..., Client],
) -> None:
    browser.post(
        "/balance/offline/",
        {
            "amount": "500.00",
            "payer": "海港客户",
            "bank_reference": "N-1",
            "paid_on": "2026-03-01",
            "slip": SimpleUploadedFile("a.pdf", b"%PDF-1.7 slip"),
        },
    )
    with inside(harbour):
        found, other = OfflineRecharge.objects.get(), world.customer("客户乙").user
    stranger = client_for(harbour, other)
    assert stranger.get(f"/balance/offline/{found.public_id}/slip/").status_code == 404
    assert stranger.post(f"/balance/offline/{found.public_id}/take-back/").status_code == 404


def test_a_withdrawal_without_a_payment_behind_it_asks_for_the_bank(
    browser: Client, finance: Client, who: Customer, harbour: Distributor, inside: Inside
) -> None:
    refused = browser.post("/balance/withdrawals/", {"amount": "60.00"})
    assert refused.status_code == 422
    assert "请填写收款的银行账户" in refused.content.decode()
    too_much = {
        "amount": "100.01",
        "bank": "某银行",
        "account_name": "客户甲",
        "account_number": "6225 8801 2345 6789",
    }
    assert browser.post("/balance/withdrawals/", too_much).status_code == 422
    assert browser.post("/balance/withdrawals/", too_much | {"bank": ""}).status_code == 422
    with inside(harbour):
        assert not BankPayout.objects.exists()
    assert browser.post("/balance/withdrawals/", too_much | {"amount": "60"}).status_code == 302
    with inside(harbour):
        payout = BankPayout.objects.get()
        assert Hold.objects.get(subject_id=payout.public_id).amount_minor == 6000
    assert payout.number in browser.get("/balance/withdrawals/").content.decode()
    address = reverse("office:payout", args=[payout.public_id], urlconf="ncmatch.urls.site")
    assert "6225880123456789" in finance.get(address).content.decode()
    assert finance.post(f"{address}transferred/", {"bank_reference": "T1"}).status_code == 422
    with inside(harbour):
        waiting = ApprovalRequest.objects.get(subject_id=payout.public_id)
    decided = {"decision": "approve", "digest": waiting.digest}
    finance.post(f"/office/approvals/{waiting.public_id}/decide/", decided)
    assert finance.post(f"{address}transferred/", {"bank_reference": "T1"}).status_code == 302
    with inside(harbour):
        payout.refresh_from_db()
        assert (payout.state, payout.bank_reference) == ("PAID", "T1")
    page = finance.get(address).content.decode()
    assert "6225880123456789" not in page
    assert "6789" in page


def test_finance_proposes_a_gift_and_sees_the_lots(
    finance: Client, who: Customer, harbour: Distributor, inside: Inside
) -> None:
    home = f"/office/customers/{who.public_id}"
    told = {"kind": "PROMO", "amount": "66", "title": "开业", "expires_on": "2099-01-01"}
    assert finance.post(f"{home}/gift/", told | {"expires_on": "2020-01-01"}).status_code == 422
    assert finance.post(f"{home}/gift/", told).status_code == 302
    with inside(harbour):
        gift = Gift.objects.get()
        assert Lot.objects.count() == 3
    page = finance.get(f"{home}/balance/").content.decode()
    assert gift.number in page
    assert "待审核" in page
    assert gift.number in finance.get("/office/funds/gifts/").content.decode()
    assert "117.00" in finance.get("/office/funds/balances/").content.decode()
    assert finance.get(f"{home}/lots/?kind=PROMO").context["page"].paginator.count == 1
    assert len(finance.get(f"{home}/balance/export/").content.decode().splitlines()) == 5
    finance.post(f"/office/funds/gifts/{gift.public_id}/take-back/")
    with inside(harbour):
        assert Gift.objects.get().state == "WITHDRAWN"
        assert tenancy.current() == harbour.schema_name


def test_finance_hands_in_a_slip_for_a_customer(
    finance: Client, who: Customer, harbour: Distributor, inside: Inside
) -> None:
    told = {
        "amount": "500.00",
        "payer": "海港客户",
        "bank_reference": "N-1",
        "paid_on": "2026-03-01",
        "slip": SimpleUploadedFile("a.png", b"\x89PNG\r\n\x1a\n slip"),
    }
    answer = finance.post(f"/office/customers/{who.public_id}/offline/", told)
    assert answer.status_code == 302
    with inside(harbour):
        found = OfflineRecharge.objects.get()
        waiting = ApprovalRequest.objects.get(subject_id=found.public_id)
    page = finance.get(f"/office/funds/offline/{found.public_id}/").content.decode()
    assert "海港客户" in page
    decided = {"decision": "approve", "digest": waiting.digest}
    finance.post(f"/office/approvals/{waiting.public_id}/decide/", decided)
    with inside(harbour):
        assert OfflineRecharge.objects.get().state == "PENDING"  # nobody agrees to their own
