"""From the first page to a running machine, with every click a customer makes, on a desk and on a phone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.buying import submit_order, wait_until_usable
from tests.browser.conftest import WIDTHS, Visits
from tests.browser.visit import PHONE, Visit
from tests.sandbox_process import until
from tests.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SSH = re.compile(r"ssh .*@203\.0\.113\.\d+")


def find(visit: Visit, words: str) -> None:
    visit.open("/")
    visit.look("home")
    visit.page.get_by_label("说出需求，或输入型号").fill(words)
    visit.press("找算力")
    visit.sees(f"“{words}”的结果")
    visit.look("catalogue")


def narrow(visit: Visit, label: str) -> None:
    """Ticks a facet; the results come without a new page."""
    before = visit.page.locator("#results article").count()
    if visit.width == PHONE:
        visit.page.locator("button[commandfor=facet-sheet]:visible").first.click()
        visit.look("facets")
    option = visit.page.locator("#facets label:visible", has_text=label).first
    count = int(option.locator(".nc-facet-count").inner_text())
    option.click()
    expect(visit.page.locator(".nc-picked")).to_contain_text(label)
    if visit.width == PHONE:
        visit.press(f"查看 {count} 款")
    visit.sees(f"共 {count} 款")
    assert 0 < count <= before
    visit.look("catalogue-narrowed")


def compare_two(visit: Visit) -> None:
    ticks = visit.page.locator("label.nc-compare-tick:visible")
    ticks.nth(0).click()
    visit.sees("再选一个")
    ticks.nth(1).click()
    visit.look("compare-tray")
    visit.press("开始对比")
    visit.sees("换算：")
    assert visit.page.locator("thead th a[href^='/offers/']").count() >= 2
    visit.look("compare")


@pytest.mark.parametrize("width", WIDTHS)
def test_from_the_first_page_to_a_running_machine(visits: Visits, stack: Stack, width: int) -> None:
    visit = visits("pier", width)
    find(visit, "A100 80G")
    narrow(visit, "8 卡")
    compare_two(visit)
    visit.press("选这款")
    visit.look("offer")
    visit.choose("7 天")
    expect(visit.page).to_have_url(re.compile("hours=168"))
    due = visit.page.locator("#sums .nc-sum-due .nc-num").inner_text()

    visit.press("立即购买")  # asks who it is first, and comes back to what was chosen
    visit.look("log-in")
    visit.sign_up(name="测试客户")
    expect(visit.page.locator("input[name=hours]:checked")).to_have_value("168")
    visit.press("立即购买")
    assert visit.page.locator(".nc-sum-due .nc-num").first.inner_text() == due

    number = submit_order(visit, "支付宝网页支付")
    visit.look("pay-by-page")
    visit.press("去支付宝付款")
    assert due in visit.text()
    visit.press("支付")
    visit.sees(number)
    visit.look("order-moving")
    wait_until_usable(visit)
    visit.look("order-usable")

    visit.press("进入")
    visit.look("resource")
    assert not SSH.search(visit.text())
    visit.press("显示访问方式")
    visit.sees(SSH)
    visit.look("resource-access")
    visit.open("/balance/")
    visit.sees(due.removeprefix("¥"))
    visit.look("balance-after-purchase")

    reveals = stack.rows(
        "pier",
        "SELECT actor_name, ip::text FROM audit_record WHERE action = 'resource.reveal_access'"
        " AND actor_name = '测试客户' ORDER BY at DESC",
    )
    assert reveals
    booked = "SELECT state FROM orders_order WHERE number = %s"
    assert until(lambda: stack.rows("pier", booked, number)) == [("COMPLETED",)]
