"""Finance closes the first month of the books and opens it again, on a desk and on a telephone."""

from __future__ import annotations

import re

import pytest

from tests.browser.conftest import WIDTHS, Visits

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.mark.parametrize("width", WIDTHS)
def test_a_month_is_closed_and_opened_again(visits: Visits, width: int) -> None:
    office = visits("east", width)
    office.log_in("finance@east.ncmatch.localhost")
    office.open("/office/books/periods/")
    office.sees("下一个要结账的期间")
    office.look("periods")
    following = re.search(r"下一个要结账的期间：(\d{4}-\d{2})", office.text())
    assert following is not None
    month = following[1]

    office.press("检查并结账")
    office.sees("结账前检查")
    office.look("period-checks")
    office.press("结账")
    office.sees("确认结账？")
    office.look("period-close")
    office.press("确认结账")
    office.sees(f"{month} 已结账。")
    office.look("period-closed")

    office.press("反结账")
    office.fill("反结账原因", "漏记运费")
    office.press("确认反结账")
    office.sees(f"{month} 已反结账。")
