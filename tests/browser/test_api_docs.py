"""The API's page draws, and calls, under the content policy."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Visits

pytestmark = pytest.mark.browser


def test_the_page_of_the_api_shows_every_route_and_calls_one(visits: Visits) -> None:
    visit = visits("pier")
    visit.open("/api/docs/")
    page = visit.page
    visit.sees("搜索和筛选在售产品")
    told = page.evaluate("async () => (await fetch('/api/v1/openapi.json')).json()")
    assert page.locator(".opblock").count() == sum(map(len, told["paths"].values()))
    page.get_by_text("搜索和筛选在售产品").click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    page.locator(".live-responses-table .response-col_status", has_text="200").wait_for()
    visit.photograph("api-docs")
