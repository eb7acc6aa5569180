"""What a customer reads when something goes wrong: a plain sentence, and where the money is."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.buying import open_offer, pay_at_cashier, submit_order
from tests.browser.conftest import Visits
from tests.browser.test_paying import at_checkout
from tests.browser.visit import DESK, PHONE, newest_trade
from tests.sandbox_process import Sandbox, until
from tests.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_supplier_fails_and_the_money_comes_back(
    visits: Visits, stack: Stack, outside: Sandbox
) -> None:
    visit = visits("meadow", PHONE)
    at_checkout(visit, "A10")
    outside.fault("osb", "operation_fails", times=None)
    due = visit.page.locator(".nc-sum-due .nc-num").first.inner_text().removeprefix("¥")
    number = submit_order(visit, "支付宝网页支付")
    pay_at_cashier(visit)
    visit.sees("没有开通成功，款项已退回", seconds=40)
    visit.sees(f"未开通的 {due} 元原路退回支付宝")
    visit.look("order-failed")

    def refunded() -> bool:
        return bool(newest_trade(stack, number)["refunded_amount"] == due)

    assert until(refunded, seconds=20)
    visit.open("/notices/")
    visit.sees("有资源未能开通，款项已退回")
    visit.look("notices")
    visit.press("全部标为已读")
    expect(visit.page.get_by_text("未读")).to_have_count(0)


def test_one_of_two_machines_fails(visits: Visits, outside: Sandbox) -> None:
    visit = visits("meadow", DESK)
    at_checkout(visit, "A10", quantity=2)
    outside.fault("osb", "operation_fails", times=1)
    submit_order(visit, "支付宝网页支付")
    pay_at_cashier(visit)
    visit.sees("1 台可以使用，1 台未能开通", seconds=40)
    visit.sees("部分未开通")
    visit.look("order-partly")


@pytest.fixture
def dearer(stack: Stack) -> Iterator[None]:
    """Puts the shop's prices up while the customer looks; down again afterwards."""
    yield
    set_percent(stack, "reef", "95.2")


def set_percent(stack: Stack, shop: str, percent: str) -> None:
    stack.manage(
        "shell",
        "-c",
        f"""
from decimal import Decimal
from billing.pricing.services import set_retail_percent
from shared_apps.distributors import queries
from shared_apps.kernel import clock, tenancy
with tenancy.shared():
    schema = queries.by_slug({shop!r}).schema_name
with tenancy.enter(schema):
    set_retail_percent(percent=Decimal({percent!r}), at=clock.now())
""",
    )


def test_a_price_that_changed_is_a_question(visits: Visits, stack: Stack, dearer: None) -> None:
    visit = visits("reef", DESK)
    at_checkout(visit, "H100")
    old = visit.page.locator(".nc-sum-due .nc-num").first.inner_text()
    set_percent(stack, "reef", "99.9")
    visit.choose("支付宝扫码")
    visit.page.locator("input[name=agree]").check()
    visit.allow(409)
    visit.press("提交订单")
    visit.sees("价格刚有变化")
    new = visit.page.locator(".nc-sum-due .nc-num").first.inner_text()
    assert new != old
    visit.sees(f"原 {old}，现 {new}")
    expect(visit.page.locator("input[name=pay_by]:checked")).to_have_value("ALIPAY_QR")
    visit.look("checkout-price-changed")
    visit.press("按新价格提交订单")
    visit.page.wait_for_url(re.compile(r"/orders/"))
    assert visit.page.locator(".nc-pay-sum").inner_text() == new


def test_what_can_no_longer_be_had_says_so(visits: Visits, stack: Stack) -> None:
    visit = visits("reef", PHONE)
    visit.log_in()
    supplier = open_offer(visit, "H100")
    offer = visit.path
    sell(stack, supplier, "SUSPENDED")
    try:
        visit.press("加入购物车")
        visit.sees("已下架或暂停销售，请移除。")
        visit.look("cart-blocked")
        visit.open(offer)
        visit.sees("这一款现在不能下单")
        visit.look("offer-sold-out")
    finally:
        sell(stack, supplier, "ACTIVE")
    visit.open("/cart/")
    visit.press("移除")
    visit.sees("购物车是空的")
    visit.look("cart-empty")


def sell(stack: Stack, supplier: str, state: str) -> None:
    stack.do("reef", "UPDATE suppliers_supplier SET state = %s WHERE name = %s", state, supplier)


def test_a_wrong_code_is_refused_beside_the_field(visits: Visits) -> None:
    visit = visits("grove", PHONE)
    visit.open("/accounts/signup/")
    visit.fill("手机号或邮箱", "12345")
    visit.page.get_by_label("我已阅读并同意服务条款").check()
    visit.press("获取验证码")
    field = visit.page.get_by_label("手机号或邮箱")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_be_focused()
    expect(field).to_have_value("12345")
    visit.look("sign-up-wrong-number")
    field.fill("13912345678")
    visit.press("获取验证码")
    visit.fill("验证码", "000000")
    visit.press("完成注册")
    expect(visit.page.get_by_label("验证码")).to_have_attribute("aria-invalid", "true")
    visit.look("sign-up-wrong-code")


def test_a_wrong_password_says_no_more_than_that(visits: Visits) -> None:
    visit = visits("grove", DESK)
    visit.open("/accounts/login/")
    visit.page.get_by_text("用密码登录").click()
    form = visit.page.locator("#by-password")
    form.locator("#id_login").fill("13800000001")
    form.locator("#id_password").fill("not-the-password")
    form.get_by_role("button", name="登录").click()
    expect(visit.page.locator("#by-password")).to_be_visible()
    assert visit.page.locator("#id_login").input_value() == "13800000001"
    visit.look("log-in-wrong-password")


def test_too_late_to_pay(visits: Visits, stack: Stack) -> None:
    visit = visits("grove", PHONE)
    at_checkout(visit, "A10")
    number = submit_order(visit, "支付宝扫码")
    stack.do("grove", "UPDATE orders_order SET expires_at = now() WHERE number = %s", number)
    visit.sees("付款时间已过")
    expect(visit.page.locator(".nc-qr")).to_have_count(0)
    visit.look("pay-too-late")
    visit.press("订单")
    visit.sees("订单正在自动取消")
    assert visit.page.get_by_text("去付款").count() == 0
    visit.look("order-too-late")


def test_a_form_that_stood_too_long(visits: Visits) -> None:
    visit = visits("grove", DESK)
    visit.log_in()
    visit.open("/account/")
    visit.page.context.clear_cookies(name="csrftoken")
    visit.allow(403)
    visit.press("保存")
    visit.sees("页面停留太久，需要重新确认")
    visit.look("form-too-old")
    visit.press("重新打开")
    visit.sees("API 令牌")


@pytest.mark.parametrize(
    ("path", "status", "name"),
    [
        ("/no-such-page/", 404, "not-found"),
        ("/orders/01a20a7b-5f5c-7b68-96c7-efc27fbfb2e0/", 404, "order-not-found"),
        ("/office/", 404, "not-for-customers"),
        ("/checkout/?quote=forged", 422, "quote-refused"),
    ],
)
def test_refusals_are_pages_too(visits: Visits, path: str, status: int, name: str) -> None:
    visit = visits("grove", PHONE)
    visit.log_in()
    visit.open(path, expect_status=status)
    visit.sees("回首页")
    visit.look(name)
