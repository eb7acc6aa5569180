"""By the month and paid afterwards: chosen, opened, looked at and stopped; on a desk and on a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.buying import open_offer, wait_until_usable
from tests.browser.conftest import Visits
from tests.browser.visit import DESK, PHONE

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.mark.parametrize("width", [DESK, PHONE])
def test_what_is_paid_afterwards_from_the_limit_to_its_end(visits: Visits, width: int) -> None:
    finance = visits("pier", width)
    finance.log_in("finance@pier.ncmatch.localhost")
    finance.open("/office/metered/credit/")
    finance.look("office-credits")
    finance.page.get_by_role("link", name="演示客户").first.click()
    finance.fill("信用额度", "500")
    finance.press("保存")
    finance.sees("信用额度已设为 500.00 元")
    finance.look("office-credit")

    visit = visits("pier", width)
    visit.log_in()
    open_offer(visit, "A100")
    visit.page.locator(".nc-choice", has_text="包月").first.click()
    visit.sees("12 个月")
    visit.look("offer-monthly")
    visit.page.locator(".nc-choice", has_text="按量后付费").first.click()
    visit.sees("每小时预计费用")
    visit.look("offer-postpaid")
    visit.press("立即购买")
    visit.sees("可用信用额度")
    visit.look("postpaid")
    visit.page.locator("input[name=agree]").check()
    visit.press("开通")
    wait_until_usable(visit)
    visit.look("order-postpaid")
    visit.link("进入").first.click()
    visit.sees("每小时预计费用")
    visit.look("resource-postpaid")
    visit.press("停止使用")
    dialog = visit.page.locator("dialog[open]")
    expect(dialog).to_contain_text("无法恢复")
    visit.look("resource-stop")
    dialog.get_by_role("button", name="停止使用").click()
    visit.sees("已停止使用")
    visit.open("/bills/")
    visit.look("bills")
    visit.page.locator(".nc-order-line a").first.click()
    visit.look("bill")

    finance.open("/office/metered/usage/")
    finance.look("office-usage")
    finance.open("/office/metered/bills/")
    finance.look("office-bills")
