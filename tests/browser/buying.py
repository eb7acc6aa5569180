"""The steps of a purchase, as a customer takes them."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.visit import Visit

NUMBER = re.compile(r"\bO\d{6}[0-9A-Z]{8}\b")


def open_offer(visit: Visit, words: str, *, hours: int = 1, quantity: int = 1) -> str:
    """The first offer found by these words, chosen for so long; its supplier."""
    visit.open(f"/offers/?q={words}")
    card = visit.page.locator("#results article").first
    supplier = card.locator(".nc-offer-where span").first.inner_text()
    path = card.locator("a").first.get_attribute("href")
    visit.open(f"{path}?hours={hours}&quantity={quantity}")
    return supplier


def submit_order(visit: Visit, pay_by: str) -> str:
    """The checkout, from its opening to what follows it; the order's number."""
    visit.sees("确认订单")
    visit.look("checkout")
    visit.choose(pay_by)
    visit.page.locator("input[name=agree]").check()
    visit.press("提交订单")
    visit.page.wait_for_url(re.compile(r"/orders/"))
    found = NUMBER.search(visit.text())
    assert found is not None
    return found[0]


def wait_until_usable(visit: Visit) -> None:
    """Touches nothing: the timeline moves by itself."""
    steps = visit.page.locator(".nc-step")
    expect(steps.nth(3)).to_have_class(re.compile("is-done"), timeout=40_000)
    expect(visit.page.locator(".nc-status", has_text="已完成").first).to_be_visible()


def pay_at_cashier(visit: Visit) -> None:
    """From our pay page to the provider's, and back again by its own redirect."""
    visit.press("去支付宝付款")
    visit.press("支付")
    visit.page.wait_for_url(re.compile(re.escape(visit.stack.url(visit.shop, "/"))))


def available(visit: Visit) -> str:
    """What the balance page says can be spent."""
    visit.open("/balance/")
    return visit.page.locator(".nc-stat-figure").first.inner_text()
