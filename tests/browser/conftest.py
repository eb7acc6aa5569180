from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.visit import DESK, PHONE, Visit
from tests.sandbox_process import Sandbox
from tests.stack import Stack

Visits = Callable[..., Visit]
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
WIDTHS = [pytest.param(DESK, id="1440"), pytest.param(PHONE, id="390")]


def _executable() -> str:
    given = os.environ.get("CHROMIUM")
    found = given or next(filter(None, map(shutil.which, CHROMIUM)), None)
    if not found or not Path(found).exists():
        pytest.skip(
            "No Chromium on this machine: `apt-get install chromium`, or name one in CHROMIUM."
        )
    return found


# Of a module, not of the session: while Playwright's loop runs, Django refuses its database to this thread.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    executable = _executable()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


@pytest.fixture
def visits(chromium: Browser, stack: Stack, request: pytest.FixtureRequest) -> Iterator[Visits]:
    """`visits("pier", PHONE)`: a new visitor of a shop. What was wrong on any page fails the test at its end."""
    opened: list[Visit] = []

    def visit(shop: str = "pier", width: int = DESK, language: str = "zh-CN") -> Visit:
        context = chromium.new_context(
            viewport={"width": width, "height": 900 if width == DESK else 844},
            has_touch=width != DESK,
            is_mobile=width != DESK,
            locale=language,
            timezone_id="Asia/Shanghai",
            reduced_motion="reduce",
        )
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        one = Visit(context.new_page(), stack, shop, width)
        opened.append(one)
        return one

    yield visit
    wrong = [problem for one in opened for problem in one.problems]
    for one in opened:
        if getattr(request.node, "failed", False):
            one.photograph("failed")
        one.page.context.close()
    assert not wrong, "\n".join(wrong)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    if report.when == "call":
        item.failed = report.failed  # type: ignore[attr-defined]


@pytest.fixture
def outside(stack: Stack) -> Iterator[Sandbox]:
    """The stack's sandbox, with no fault armed before and after."""
    sandbox = stack.sandbox()
    sandbox.clear()
    yield sandbox
    sandbox.clear()
