"""Money as finance sees it: journal, accounts, trial balance, payments, notices, dealings."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from billing.ledger.models import BEGINNING, Entry
from billing.ledger.services import switch_off
from billing.payments.services import notifications
from billing.settlement import booker
from billing.settlement.models import Booking, Obligation
from shared_apps.distributors.models import Distributor
from shared_apps.identity.enums import Role
from shared_apps.kernel import clock
from shared_apps.kernel.money import Money
from tenant_apps.backoffice.months import Month
from tenant_apps.backoffice.views.accounts import _Lines
from tenant_apps.orders.models import Order
from tests import world
from tests.conftest import Inside

from .conftest import SignIn


def page(answer: object) -> str:
    return answer.content.decode()  # type: ignore[attr-defined,no-any-return]


def test_every_entry_leads_back_to_what_it_was_made_from(
    sold: Order, pier: Distributor, sign_in: SignIn, inside: Inside
) -> None:
    browser = sign_in(pier, Role.FINANCE)
    to_order = reverse("office:order", args=[sold.public_id])
    with inside(pier):
        booker.book()
        entries = {entry.kind: entry for entry in Entry.objects.all()}
        obligation = Obligation.objects.order_by("-id").first()
        assert obligation is not None
    for kind in ("hold", "consumption"):
        assert to_order in page(
            browser.get(reverse("office:entry", args=[entries[kind].public_id]))
        )
    to_dealing = reverse("office:dealing", args=[obligation.public_id])
    bought = page(browser.get(reverse("office:entry", args=[entries["purchase"].public_id])))
    assert re.search(r'href="/office/dealings/[0-9a-f-]{36}/"', bought)
    dealing = page(browser.get(to_dealing))
    assert to_order in dealing and "已入账" in dealing


def test_the_journal_is_filtered_by_account_kind_and_month(
    sold: Order, pier: Distributor, sign_in: SignIn
) -> None:
    browser = sign_in(pier, Role.FINANCE)

    def kinds(query: str) -> set[str]:
        seen = page(browser.get(f"/office/books/journal/?{query}"))
        return set(re.findall(r'data-label="类型">\s*([^<\s]+)\s*<', seen))

    assert kinds("") == {"充值", "冻结", "消费"}
    assert kinds("account=6001") == {"消费"}
    assert kinds("account=1012") == {"充值"}
    assert kinds("kind=hold") == {"冻结"}
    assert kinds("month=2025-01") == set()
    assert kinds(f"month={Month.of(clock.now())}") == {"充值", "冻结", "消费"}
    assert kinds(f"q={sold.number}") == {"冻结", "消费"}


def test_an_entry_shows_both_sides_and_they_agree(
    sold: Order, pier: Distributor, sign_in: SignIn, inside: Inside
) -> None:
    with inside(pier):
        entry = Entry.objects.filter(kind="consumption").first()
        assert entry is not None
        amount = entry.postings.first().amount_minor  # type: ignore[union-attr]
    seen = page(sign_in(pier, Role.FINANCE).get(reverse("office:entry", args=[entry.public_id])))
    assert seen.count(f"{Money(amount).decimal:,.2f}") == 4  # two postings, two sums


def test_debits_and_credits_of_the_trial_balance_are_equal(
    sold: Order, pier: Distributor, sign_in: SignIn
) -> None:
    seen = page(sign_in(pier, Role.FINANCE).get("/office/books/trial/"))
    foot = re.search(r"<tfoot>(.*?)</tfoot>", seen, re.DOTALL)
    assert foot is not None
    figures = re.findall(r'nc-num">([\d,.]+)<', foot[1])
    assert len(figures) == 6 and figures[0::2] == figures[1::2]


def test_a_figure_leads_to_its_lines_page_by_page(
    pier: Distributor, sign_in: SignIn, inside: Inside
) -> None:
    with inside(pier):
        for n in range(1, 54):
            world.recharge(
                world.customer(), Money(n * 100), at=clock.now() - timedelta(seconds=60 - n)
            )
        lines = _Lines(code="1012", month=None)
        assert len(lines) == 53
        assert [line.amount.minor for line in lines[50:53]] == [5100, 5200, 5300]
        assert lines[50:53][-1].balance == Money(sum(range(1, 54)) * 100)
        assert len(list(lines)) == 53
    browser = sign_in(pier, Role.FINANCE)
    second = page(browser.get("/office/books/accounts/1012/?page=2"))
    assert "第 51–53 条，共 53 条" in second and "1,431.00" in second
    assert browser.get("/office/books/accounts/9999/").status_code == 404


def test_a_forged_notice_is_listed_with_its_reason(
    pier: Distributor, sign_in: SignIn, inside: Inside
) -> None:
    with inside(pier):
        notifications.receive(
            provider="ALIPAY",
            claimed_app_id="20260001",
            body=b"app_id=20260001&out_trade_no=P1&note=%3Cscript%3E",
            headers={},
            at=clock.now(),
        )
    browser = sign_in(pier, Role.FINANCE)
    assert "近 7 天拒收了 1 条支付通知" in page(browser.get("/office/"))
    listed = page(browser.get("/office/payments/notices/?state=REFUSED"))
    assert "不是本店的应用" in listed
    address = re.search(r'href="(/office/payments/notices/[0-9a-f-]{36}/)"', listed)
    assert address is not None
    seen = page(browser.get(address[1]))
    assert "没有变动任何款项" in seen and "&lt;script&gt;" in seen and "<script>" not in seen


def test_what_is_owed_stands_by_counterparty_with_what_is_in_transit(
    sold: Order, pier: Distributor, harbour: Distributor, sign_in: SignIn, inside: Inside
) -> None:
    with inside(pier):
        mine = Obligation.objects.filter(debtor=pier)
        owed = Money(sum(one.amount_minor for one in mine))
    browser = sign_in(pier, Role.FINANCE)
    waiting = page(browser.get("/office/dealings/"))
    assert harbour.name in waiting and "2 笔在途" in waiting and f"{owed.decimal:,.2f}" in waiting
    with inside(pier):
        booker.book()
    booked = page(browser.get("/office/dealings/"))
    assert "在途</" not in booked.split("<tbody>")[1]
    listed = page(browser.get(reverse("office:obligations", args=[harbour.public_id])))
    assert sold.number in listed and "已入账" in listed
    theirs = page(sign_in(harbour, Role.FINANCE).get("/office/dealings/?side=receivable"))
    assert pier.name in theirs and f"{owed.decimal:,.2f}" in theirs


def test_another_levels_obligation_does_not_exist(
    sold: Order,
    pier: Distributor,
    north: Distributor,
    rival: Distributor,
    sign_in: SignIn,
    inside: Inside,
) -> None:
    with inside(pier):
        own = Obligation.objects.filter(debtor=pier).first()
        assert own is not None
    address = reverse("office:dealing", args=[own.public_id])
    assert sign_in(pier, Role.FINANCE).get(address).status_code == 200
    for site in (north, rival):
        assert sign_in(site, Role.FINANCE).get(address).status_code == 404


def test_a_booking_that_the_books_refuse_is_seen_at_home(
    sold: Order, pier: Distributor, sign_in: SignIn, inside: Inside
) -> None:
    with inside(pier):
        switch_off(event="purchase", starts_at=BEGINNING, at=clock.now())
        booker.book()
        assert Booking.objects.filter(party=pier, booked_at=None).exclude(error="").count() == 2
    browser = sign_in(pier, Role.FINANCE)
    assert "2 笔上下级往来未能入账" in page(browser.get("/office/"))
    assert "2 笔往来未能入账" in page(browser.get("/office/dealings/"))


@pytest.mark.parametrize(
    ("text", "month"), [("2026-11", Month(2026, 11)), ("2026-13", None), ("26-1", None), ("", None)]
)
def test_months_are_read_as_they_are_sent(text: str, month: Month | None) -> None:
    assert Month.read(text) == month


def test_december_is_followed_by_january() -> None:
    assert Month(2026, 12).next == Month(2027, 1)
    assert Month(2026, 12).period.end_date.isoformat() == "2027-01-01"
