"""账务全配置 as finance sees it: rules drafted, proved, tried and switched on; accounts, mappings, vouchers."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from billing.ledger import days, queries, services
from billing.ledger.enums import AccountKind, PartyKind
from billing.ledger.models import Account, Entry, PartyAccount, RuleVersion, Voucher
from billing.ledger.services import post_event
from billing.settlement import booker
from shared_apps.approvals.models import ApprovalRequest
from shared_apps.distributors.models import Distributor
from shared_apps.identity import services as identity
from shared_apps.identity.enums import Role
from shared_apps.kernel import clock
from shared_apps.kernel.money import Money
from tenant_apps.orders.models import Order
from tests import world
from tests.billing.ledger.telling import CHILD
from tests.conftest import Inside

from .conftest import SignIn
from .test_books import page

LINES = {
    "line_side": ["DEBIT", "CREDIT", "CREDIT"],
    "line_account": ["1122", "6051", "2221"],
    "line_party": ["debtor", "", ""],
    "line_amount": ["amount", "amount - tax", "tax"],
}
TAXED: dict[str, Any] = {
    "name": "返佣（含税）",
    "journal": "SETTLEMENT",
    "active": "1",
    "condition_fact": ["amount.amount", "party.debtor"],
    "condition_op": ["ge", "is"],
    "condition_told": ["10.00", "分销商"],
    "part_name": "tax",
    "part_of": "amount",
    "part_rate": "6/106",
    **LINES,
}


@pytest.fixture
def finance(pier: Distributor, sign_in: SignIn) -> Client:
    return sign_in(pier, Role.FINANCE)


def drafted(finance: Client, pier: Distributor, inside: Inside) -> RuleVersion:
    finance.post("/office/books/rules/of/commission_income/draft/")
    with inside(pier):
        return RuleVersion.objects.get(event="commission_income", state="DRAFT")


def at(version: RuleVersion, name: str, *more: Any) -> str:
    return reverse(f"office:{name}", args=[version.public_id, *more])


def test_rules_are_listed_by_event_with_where_they_stand(finance: Client) -> None:
    told = page(finance.get("/office/books/rules/"))
    assert "充值" in told
    assert "返佣收入" in told
    assert told.count("记账中") >= 14
    assert "第 1 版" in page(finance.get("/office/books/rules/of/recharge/"))
    assert finance.get("/office/books/rules/of/nothing/").status_code == 404


def test_a_rule_is_drafted_proved_switched_on_and_books_from_then_on(
    finance: Client, pier: Distributor, inside: Inside
) -> None:
    version = drafted(finance, pier, inside)
    answer = finance.post(at(version, "rule", 1), TAXED)
    assert answer.status_code == 302
    told = page(finance.get(at(version, "rule_version")))
    assert "金额（amount） 不低于 ¥10.00" in told
    assert "债务方的类型 是其中之一 分销商" in told
    with inside(pier):
        assert version.rules.get().conditions[1]["values"] == ["DISTRIBUTOR"]
    form = page(finance.get(at(version, "rule", 1)))
    assert re.findall(r'name="condition_told" value="([^"]*)"', form) == ["10.00", "分销商", "", ""]
    assert "tax = (amount) × 3/53" in told
    answer = finance.post(at(version, "rule_switch_on"), {"note": ""})
    assert answer.status_code == 422
    answer = finance.post(at(version, "rule_switch_on"), {"note": "按含税核算"})
    assert answer.status_code == 302
    with inside(pier):
        entry = post_event(
            event="commission_income",
            source="c:1",
            effective_at=clock.now(),
            parties={"debtor": CHILD},
            amounts={"amount": Money.of("106.00")},
        )
        amounts = entry.postings.order_by("id").values_list("account__code", "amount_minor")
        assert list(amounts)[1:] == [("6051", 10000), ("2221", 600)]
        version.refresh_from_db()
        assert version.decided_by == world.staff(Role.FINANCE)
    assert "按含税核算" in page(finance.get("/office/books/rules/of/commission_income/"))
    assert finance.get(at(version, "rule", 1)).status_code == 409


def test_a_rule_that_does_not_balance_says_for_which_amounts_and_keeps_what_was_typed(
    finance: Client, pier: Distributor, inside: Inside
) -> None:
    version = drafted(finance, pier, inside)
    wrong = TAXED | {"line_amount": ["amount", "amount", "tax"]}
    answer = finance.post(at(version, "rule", 1), wrong)
    assert answer.status_code == 422
    told = page(answer)
    assert "借方减贷方多出 -tax" in told
    assert "amount = 100.00" in told
    assert 'value="6/106"' in told
    with inside(pier):
        assert version.rules.get().name == "返佣收入"
    checked = page(finance.post(at(version, "rule_check", 1), wrong))
    assert "借方减贷方多出 -tax" in checked
    assert "<html" not in checked
    assert "借贷恒等" in page(finance.post(at(version, "rule_check", 1), TAXED))


def test_versions_are_compared_ordered_and_thrown_away(
    finance: Client, pier: Distributor, inside: Inside
) -> None:
    version = drafted(finance, pier, inside)
    assert finance.post(at(version, "rule", 2), TAXED).status_code == 302
    assert finance.get(at(version, "rule", 4)).status_code == 404
    with inside(pier):
        first = RuleVersion.objects.get(event="commission_income", number=1)
    told = page(finance.get(at(version, "rule_compare", first.public_id)))
    assert "相同" in told
    assert "新增" in told
    finance.post(at(version, "rule_move", 2), {"way": "up"})
    with inside(pier):
        names = version.rules.order_by("position").values_list("name", flat=True)
        assert list(names) == ["返佣（含税）", "返佣收入"]
    finance.post(at(version, "rule_remove", 1))
    finance.post(at(version, "rule_discard"))
    with inside(pier):
        assert not RuleVersion.objects.filter(pk=version.pk).exists()


def test_a_version_of_a_later_day_waits_and_is_taken_back(
    finance: Client, pier: Distributor, inside: Inside
) -> None:
    version = drafted(finance, pier, inside)
    day = days.day_of(clock.now()) + timedelta(days=9)
    finance.post(at(version, "rule_switch_on"), {"starts_on": day.isoformat(), "note": "改"})
    told = page(finance.get("/office/books/rules/of/commission_income/"))
    assert "第 2 版将于" in told
    finance.post(at(version, "rule_withdraw"))
    with inside(pier):
        version.refresh_from_db()
        assert version.state == "WITHDRAWN"


def test_an_event_is_switched_off(finance: Client, pier: Distributor, inside: Inside) -> None:
    finance.post("/office/books/rules/of/commission_income/off/", {"note": "不再返佣"})
    told = page(finance.get("/office/books/rules/of/commission_income/"))
    assert "已停用" in told
    assert "不再返佣" in told
    with inside(pier):
        assert RuleVersion.objects.filter(event="commission_income", state="ON").count() == 2


def test_a_draft_is_tried_on_last_month_without_writing(
    finance: Client, pier: Distributor, inside: Inside
) -> None:
    version = drafted(finance, pier, inside)
    finance.post(at(version, "rule", 1), TAXED)
    now = clock.now()
    last_month = days.start_of(days.day_of(now).replace(day=1)) - timedelta(days=3)
    with inside(pier):
        for number, amount in enumerate(("106.00", "5.00")):
            post_event(
                event="commission_income",
                source=f"c:{number}",
                effective_at=last_month,
                parties={"debtor": CHILD},
                amounts={"amount": Money.of(amount)},
                memo=f"返佣{number}",
            )
        before = Entry.objects.count()
    told = page(finance.get(at(version, "rule_trial")))
    assert "贷 6051 其他业务收入 106.00" in told
    assert "贷 2221 应交税费 6.00" in told
    assert "不会入账" in told
    only = page(finance.get(at(version, "rule_trial") + "?only=refused"))
    assert "返佣1" in only
    assert "返佣0" not in only
    export = finance.get(at(version, "rule_trial_export"))
    assert export["Content-Type"].startswith("text/csv")
    with inside(pier):
        assert Entry.objects.count() == before
    assert "没有符合条件的记录" in page(finance.get(at(version, "rule_trial") + "?month=2020-01"))


def test_accounts_are_added_renamed_and_switched_off(
    finance: Client, pier: Distributor, inside: Inside
) -> None:
    answer = finance.post(
        "/office/books/chart/add/", {"parent": "6602", "code": "660201", "name": "差旅费"}
    )
    assert answer.status_code == 302
    assert "以上级编码 6602 开头" in page(
        finance.post(
            "/office/books/chart/add/", {"parent": "6602", "code": "7777", "name": "差旅费"}
        )
    )
    finance.post("/office/books/chart/660201/", {"name": "差旅与交通"})
    finance.post("/office/books/chart/660201/", {"active": "0"})
    with inside(pier):
        account = Account.objects.get(code="660201")
        assert (account.name, account.active) == ("差旅与交通", False)
    refused = finance.post("/office/books/chart/6401/", {"active": "0"})
    assert refused.status_code == 422
    assert "还在用这个科目" in page(refused)


def test_a_partys_account_is_set_on_a_page(
    finance: Client, pier: Distributor, inside: Inside
) -> None:
    assert "还没有对照" in page(finance.get("/office/books/mappings/"))
    finance.post(
        "/office/books/chart/add/",
        {"code": "2211", "name": "关联应付", "kind": "LIABILITY", "takes": ["DISTRIBUTOR"]},
    )
    answer = finance.post(
        "/office/books/mappings/add/",
        {"party": "DISTRIBUTOR:", "control": "2202", "account": "2211"},
    )
    assert answer.status_code == 302
    told = page(finance.get("/office/books/mappings/"))
    assert "2211 关联应付" in told
    assert "生效中" in told
    wrong = finance.post(
        "/office/books/mappings/add/", {"party": "SUPPLIER:", "control": "2202", "account": "2211"}
    )
    assert wrong.status_code == 422
    with inside(pier):
        assert PartyAccount.objects.count() == 1


def test_dealings_and_home_read_what_stands_under_the_partys_own_account(
    sold: Order,
    finance: Client,
    pier: Distributor,
    harbour: Distributor,
    inside: Inside,
) -> None:
    with inside(pier):
        now = clock.now()
        other = services.open_account(
            code="2211",
            name="关联应付",
            kind=AccountKind.LIABILITY,
            takes=[PartyKind.DISTRIBUTOR],
        )
        services.map_party(
            control=Account.objects.get(code="2202"),
            party_kind=PartyKind.DISTRIBUTOR,
            party_id=str(harbour.public_id),
            party_name=harbour.name,
            account=other,
            starts_at=days.start_of(days.day_of(now)),
            at=now,
        )
        booker.book()
        owed = queries.balance(account="2211")
        assert owed.minor > 0
        assert queries.balance(account="2202") == Money.zero()
    told = page(finance.get("/office/dealings/"))
    assert f"/office/books/accounts/2211.distributor.{harbour.public_id}/" in told
    assert f"{owed.decimal:,.2f}" in told
    assert f"{owed.decimal:,.2f}" in page(finance.get("/office/"))


def test_a_voucher_goes_from_draft_to_the_books_by_two_people(
    finance: Client, pier: Distributor, inside: Inside, client_for: Any
) -> None:
    rows = {"account": ["6602 管理费用", "1002", ""], "debit": ["1,200.50", "", ""]}
    rows["credit"] = ["", "1200.50", ""]
    day = days.day_of(clock.now()).isoformat()
    slip = SimpleUploadedFile("回单.pdf", b"%PDF-1.7 slip")
    answer = finance.post(
        "/office/books/vouchers/add/", {"dated": day, "memo": "付房租", "file": slip, **rows}
    )
    assert answer.status_code == 302, page(answer)
    assert "各 1200.50 元" in page(finance.post("/office/books/vouchers/check/", rows))
    uneven = rows | {"credit": ["", "1200.49", ""]}
    assert "相差 0.01 元" in page(finance.post("/office/books/vouchers/check/", uneven))
    with inside(pier):
        voucher = Voucher.objects.get()
    shown = page(finance.get(reverse("office:voucher", args=[voucher.public_id])))
    assert "6602 管理费用" in shown
    file = finance.get(reverse("office:voucher_file", args=[voucher.public_id]))
    assert file.content == b"%PDF-1.7 slip"
    finance.post(reverse("office:voucher_ask", args=[voucher.public_id]))
    assert finance.get(reverse("office:voucher_edit", args=[voucher.public_id])).status_code == 409
    with inside(pier):
        request = ApprovalRequest.objects.get(kind="voucher")
        second = identity.add_staff(
            name="财务乙", roles=[Role.FINANCE], email="b@example.com", password=world.PASSWORD
        )
    decide = reverse("office:approval_decide", args=[request.public_id])
    client_for(pier, second).post(decide, {"decision": "approve", "digest": request.digest})
    with inside(pier):
        voucher.refresh_from_db()
        assert voucher.state == "POSTED"
        assert voucher.entry is not None
        entry = voucher.entry
    detail = page(finance.get(reverse("office:entry", args=[entry.public_id])))
    assert "申请冲销这笔分录" in detail
    finance.post(reverse("office:entry_reverse", args=[entry.public_id]), {"reason": "重复"})
    with inside(pier):
        asked = Voucher.objects.get(reverses=entry)
        assert asked.state == "ASKED"
    assert "重复" in page(finance.get(reverse("office:voucher", args=[asked.public_id])))
    assert len(re.findall("付房租", page(finance.get("/office/books/vouchers/")))) == 1


def test_a_voucher_with_a_wrong_line_keeps_what_was_typed(finance: Client) -> None:
    day = days.day_of(clock.now()).isoformat()
    rows = {"account": ["6602", "1002"], "debit": ["1.005", ""], "credit": ["", "1.00"]}
    answer = finance.post("/office/books/vouchers/add/", {"dated": day, "memo": "付房租", **rows})
    assert answer.status_code == 422
    told = page(answer)
    assert "第 1 行：金额最多两位小数" in told
    assert 'value="1.005"' in told


def test_customers_entries_offer_no_reversal(
    finance: Client, pier: Distributor, inside: Inside
) -> None:
    with inside(pier):
        world.recharge(world.customer(), Money.of("9.00"))
        entry = Entry.objects.latest("id")
    detail = page(finance.get(reverse("office:entry", args=[entry.public_id])))
    assert "申请冲销这笔分录" not in detail
    answer = finance.post(
        reverse("office:entry_reverse", args=[entry.public_id]), {"reason": "x"}, follow=True
    )
    assert "这笔分录动用了客户的钱" in page(answer)
    with inside(pier):
        assert not Voucher.objects.exists()


@pytest.mark.parametrize("name", ["rules", "mappings", "vouchers"])
def test_lists_export_and_are_finances_alone(
    finance: Client, pier: Distributor, sign_in: SignIn, name: str
) -> None:
    address = reverse(f"office:{name}_export")
    assert finance.get(address)["Content-Type"].startswith("text/csv")
    assert sign_in(pier, Role.SALES).get(address).status_code == 403
