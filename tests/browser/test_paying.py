"""Every way of paying, what is shown while it happens, and what happens when the customer thinks again."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.buying import (
    NUMBER,
    available,
    open_offer,
    pay_at_cashier,
    submit_order,
    wait_until_usable,
)
from tests.browser.conftest import Visits
from tests.browser.visit import DESK, PHONE, Visit, newest_trade
from tests.sandbox_process import Sandbox
from tests.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def at_checkout(visit: Visit, words: str = "T4", **choice: int) -> str:
    """A customer of the demo with one thing chosen; its supplier."""
    visit.log_in()
    supplier = open_offer(visit, words, **choice)
    visit.press("立即购买")
    return supplier


def test_a_code_is_scanned_and_the_page_goes_on_by_itself(
    visits: Visits, stack: Stack, outside: Sandbox
) -> None:
    visit = visits("harbour", PHONE)
    at_checkout(visit)
    number = submit_order(visit, "支付宝扫码")
    expect(visit.page.locator(".nc-qr svg")).to_be_visible()
    visit.sees("剩余")
    visit.look("pay-by-code")
    outside.pay(newest_trade(stack, number)["out_trade_no"])
    visit.page.wait_for_url(re.compile(r"/orders/[0-9a-f-]{36}/$"))
    wait_until_usable(visit)


def test_a_recharge_pays_for_an_order(visits: Visits) -> None:
    visit = visits("harbour", DESK)
    visit.sign_up(name="充值客户")
    visit.open("/balance/")
    visit.look("balance-empty")
    visit.fill("充值金额", "12.345")
    visit.allow(422)
    visit.press("去充值")
    visit.sees("请输入金额，最多两位小数。")
    assert visit.page.get_by_label("充值金额").input_value() == "12.345"
    visit.look("balance-wrong-amount")
    visit.fill("充值金额", "500")
    visit.press("去充值")
    visit.look("recharge")
    pay_at_cashier(visit)
    expect(visit.page.locator(".nc-stat-figure").first).to_have_text("¥500.00")
    visit.look("balance-recharged")

    open_offer(visit, "T4")
    visit.press("立即购买")
    due = visit.page.locator(".nc-sum-due .nc-num").first.inner_text()
    submit_order(visit, "余额 500.00 元")
    wait_until_usable(visit)
    left = 50_000 - int(due.removeprefix("¥").replace(".", ""))
    assert available(visit) == f"¥{left / 100:.2f}"
    visit.look("balance-spent")


def test_another_way_is_chosen_and_then_the_order_is_cancelled(visits: Visits) -> None:
    visit = visits("harbour", DESK)
    at_checkout(visit)
    number = submit_order(visit, "支付宝网页支付")
    visit.press("支付宝扫码")
    expect(visit.page.locator(".nc-qr svg")).to_be_visible()
    visit.look("pay-other-way")
    visit.press("取消订单")
    visit.look("cancel-asks")
    visit.page.get_by_role("dialog").get_by_role("button", name="取消订单").click()
    visit.sees("订单已取消，没有扣款")
    visit.sees("客户取消")
    visit.look("order-cancelled")
    visit.open("/orders/?state=CANCELLED")
    visit.sees(number)
    visit.look("orders-cancelled")


def test_two_clicks_and_the_back_button_place_one_order(visits: Visits, stack: Stack) -> None:
    visit = visits("delta", DESK)
    at_checkout(visit)
    visit.page.locator("input[name=agree]").check()
    checkout = visit.page.url
    visit.page.evaluate(
        "() => { const b = document.querySelector('#order button.btn-lg'); b.click(); b.click(); }"
    )
    visit.page.wait_for_url(re.compile(r"/orders/.*/pay/"))
    found = NUMBER.search(visit.text())
    assert found
    visit.page.go_back()
    expect(visit.page).to_have_url(checkout)
    visit.page.locator("input[name=agree]").check()
    visit.press("提交订单")
    visit.page.wait_for_url(re.compile(r"/orders/"))
    visit.sees(found[0])
    placed = stack.rows("delta", "SELECT count(*) FROM orders_order WHERE number = %s", found[0])
    assert placed == [(1,)]


def test_when_the_provider_does_not_answer_the_order_waits(
    visits: Visits, outside: Sandbox
) -> None:
    visit = visits("harbour", PHONE)
    at_checkout(visit)
    outside.fault("alipay", "gateway_500", times=None, match={"method": "alipay.trade.precreate"})
    visit.choose("支付宝扫码")
    visit.page.locator("input[name=agree]").check()
    visit.allow(409)
    visit.press("提交订单")
    visit.sees("没有扣款，价格仍为您保留")
    visit.look("pay-not-begun")
    outside.clear()
    visit.press("支付宝扫码")
    expect(visit.page.locator(".nc-qr svg")).to_be_visible()
