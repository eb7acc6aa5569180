"""The rest of a shop: every page at both widths, the cart, accounts, languages, and whose shop it is."""

from __future__ import annotations

import gzip
import re

import pytest
from playwright.sync_api import Response, expect

from ncmatch.demo.tree import SHOPS
from tests.browser.buying import open_offer, pay_at_cashier, submit_order, wait_until_usable
from tests.browser.conftest import WIDTHS, Visits
from tests.browser.visit import DESK, PHONE, new_mailbox
from tests.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.slow]
MOST_BYTES = 250_000
LAYOUTS = ("shop", "backoffice", "exchange", "plain")


@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_of_a_customer(visits: Visits, width: int) -> None:
    visit = visits("lagoon", width)
    visit.open("/offers/?q=没有这种东西XYZ")
    visit.sees("没有符合条件的算力")
    visit.look("catalogue-nothing")
    visit.open("/offers/?view=table&q=RTX")
    visit.look("catalogue-table")
    for path, name in (
        ("/offers/compare/", "compare-empty"),
        ("/help/", "help"),
        ("/terms/", "terms"),
        ("/about/", "about"),
    ):
        visit.open(path)
        visit.look(name)
    visit.log_in()
    for path, name in (
        ("/orders/", "orders"),
        ("/resources/", "resources"),
        ("/balance/", "balance"),
        ("/notices/", "notices-empty"),
        ("/account/", "account"),
        ("/cart/", "cart-empty"),
    ):
        visit.open(path)
        visit.look(name)


@pytest.mark.parametrize("width", WIDTHS)
def test_one_cart_of_several_suppliers(visits: Visits, width: int) -> None:
    visit = visits("east", width)
    visit.sign_up()
    suppliers = set()
    for words in ("RunPod", "FluidStack", "Lambda"):
        suppliers.add(open_offer(visit, words))
        visit.press("加入购物车")
        visit.sees("合计")
    assert len(suppliers) > 1
    for supplier in suppliers:
        visit.sees(supplier)
    visit.look("cart")
    visit.page.get_by_label("加一").first.click()
    visit.sees("× 2")
    visit.press("去结算")
    due = visit.page.locator(".nc-sum-due .nc-num").first.inner_text()
    submit_order(visit, "支付宝网页支付")
    assert visit.page.locator(".nc-pay-sum").inner_text() == due
    pay_at_cashier(visit)
    wait_until_usable(visit)
    assert visit.page.get_by_role("link", name="进入").count() == 4
    visit.look("order-of-several")
    visit.open("/resources/")
    visit.look("resources-several")
    visit.open("/cart/")
    visit.sees("购物车是空的")


def test_by_e_mail_in_and_out(visits: Visits) -> None:
    visit = visits("south", DESK)
    mailbox = visit.sign_up(new_mailbox())
    visit.open("/account/")
    visit.sees(mailbox)
    visit.press("退出登录")
    visit.sees("登录")
    visit.log_in_by_code(mailbox)
    visit.open("/account/")
    visit.sees(mailbox)


def test_a_token_is_shown_once_and_can_be_taken_back(visits: Visits) -> None:
    visit = visits("south", PHONE)
    visit.log_in()
    visit.open("/account/")
    visit.fill("新令牌的用途", "浏览器测试")
    visit.press("创建")
    visit.sees("令牌已创建，请现在保存")
    visit.look("token-shown")
    visit.open("/account/")
    assert "令牌已创建" not in visit.text()
    visit.press("作废")
    visit.look("token-revoke-asks")
    visit.page.get_by_role("dialog").get_by_role("button", name="作废").click()
    visit.sees("令牌已作废。")


def test_the_same_page_in_english(visits: Visits) -> None:
    visit = visits("south", DESK)
    visit.open("/offers/?q=A100")
    visit.press("English")
    expect(visit.page).to_have_url(re.compile(r"/offers/\?q=A100"))
    expect(visit.page.locator("html")).to_have_attribute("lang", "en")
    visit.look("catalogue-english")
    visit.press("简体中文")
    visit.sees("选购算力")


def test_each_shop_is_visibly_its_own(visits: Visits, stack: Stack) -> None:
    visit = visits("op", DESK)
    seen: set[tuple[str, str, str]] = set()
    for shop in SHOPS:
        visit.shop = shop.slug
        visit.open("/")
        assert visit.page.title().endswith(shop.name)
        name = visit.page.locator("header .nc-brand").inner_text()
        assert shop.name in name
        assert shop.tagline in visit.page.locator("h1").inner_text()
        footer = visit.page.locator("footer").inner_text()
        assert shop.legal_name in footer
        assert "备案" in footer
        mark = visit.page.locator("header .nc-brand img")
        assert mark.evaluate("img => img.complete && img.naturalWidth > 0")
        color = visit.page.evaluate(
            "getComputedStyle(document.documentElement).getPropertyValue('--nc-accent')"
        )
        seen.add((shop.name, color, mark.get_attribute("src") or ""))
        visit.photograph(f"shop-{shop.slug}")
    assert len({color for _, color, _ in seen}) == len(SHOPS)
    assert len({mark for _, _, mark in seen}) == len(SHOPS)


@pytest.mark.parametrize("path", ["/", "/offers/", "/offers/?view=table"])
def test_a_page_is_light(visits: Visits, path: str) -> None:
    """First visit, nothing kept. Static files count as production sends them: compressed beforehand."""
    visit = visits("op", PHONE)
    answers: list[Response] = []

    def answered(answer: Response) -> None:
        answers.append(answer)

    visit.page.on("response", answered)
    visit.open(path)
    visit.page.wait_for_load_state("networkidle")
    sizes = {answer.url: _as_sent(answer) for answer in answers if answer.status == 200}
    assert len(sizes) > 3
    assert sum(sizes.values()) < MOST_BYTES, sizes


def _as_sent(answer: Response) -> int:
    body = answer.body()
    return len(gzip.compress(body)) if "/static/" in answer.url else len(body)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_style_guide_in_every_layout(visits: Visits, width: int) -> None:
    visit = visits("op", width)
    for layout in LAYOUTS:
        visit.open(f"/styleguide/{layout}/")
        visit.look(f"styleguide-{layout}")


@pytest.mark.parametrize("width", WIDTHS)
def test_the_market_as_a_whole(visits: Visits, width: int) -> None:
    visit = visits("", width)
    visit.open("/")
    visit.look("exchange")
