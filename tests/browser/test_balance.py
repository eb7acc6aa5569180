"""Money in by bank and out again, seen by the customer and by those who check it, at both widths."""

from __future__ import annotations

import re

import pytest

from tests.browser.conftest import WIDTHS, Visits
from tests.browser.visit import PHONE

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SLIP = {"name": "回单.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 slip"}


@pytest.mark.parametrize("width", WIDTHS)
def test_a_slip_is_checked_and_its_money_taken_out_again(visits: Visits, width: int) -> None:
    reference = f"N2026{width}"
    customer = visits("east", width)
    customer.sign_up(name="林晓")
    customer.open("/balance/offline/")
    customer.sees("还没有线下充值")
    customer.fill("转账金额（元）", "500")
    customer.fill("付款户名", "林晓")
    customer.fill("银行流水号", reference)
    customer.fill("转账日期", "2026-03-01")
    customer.page.locator("input[type=file]").set_input_files(SLIP)  # type: ignore[arg-type]
    customer.look("offline-filled")
    customer.press("提交审核")
    customer.sees("待审核")
    customer.look("offline")

    office = visits("east", width)
    office.log_in("finance@east.ncmatch.localhost")
    office.open("/office/funds/offline/")
    office.sees(reference)
    office.look("office-offline")
    number = re.search(r"B\d{6}\w{8}", office.text())
    assert number is not None
    office.page.get_by_role("link", name=number[0]).first.click()
    office.press("去审批")
    office.sees("核对内容")
    office.look("office-offline-approval")
    office.press("同意")
    office.sees("已同意")

    customer.open("/balance/")
    customer.sees("500.00")
    customer.sees("线下充值")
    customer.look("balance-of-lots")
    customer.open("/balance/withdrawals/")
    customer.fill("提现金额（元）", "120.50")
    customer.fill("开户银行", "招商银行上海分行")
    customer.fill("户名", "林晓")
    customer.fill("银行账号", "6225880123456789")
    customer.press("提交")
    customer.sees("120.50")
    customer.look("withdrawals")

    for path, name in (
        ("/office/funds/balances/?q=林晓", "office-balances"),
        ("/office/funds/gifts/", "office-gifts"),
        ("/office/funds/payouts/", "office-payouts"),
    ):
        office.open(path)
        office.look(name)
    office.page.get_by_role("link", name=re.compile(r"^W\d{6}")).first.click()
    office.sees("6225880123456789")
    office.look("office-payout")
    office.open("/office/funds/balances/?q=林晓")
    office.page.get_by_role("link", name="林晓").first.click()
    office.sees("可用的批次")
    office.look("office-customer-balance")
    office.press("全部批次")
    office.sees("线下充值")
    office.look("office-customer-lots")
    assert width >= PHONE
