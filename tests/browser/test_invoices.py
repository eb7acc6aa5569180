"""An invoice from the asking to the file, and a day of Alipay's account; on a desk and on a phone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from billing.ledger.days import day_of
from shared_apps.kernel import clock
from tests.browser.buying import open_offer, pay_at_cashier, submit_order, wait_until_usable
from tests.browser.conftest import Visits
from tests.browser.visit import DESK, PHONE, Visit

pytestmark = [pytest.mark.browser, pytest.mark.slow]
TAX_NUMBER = "91350100M000100Y43"


def a_file(name: str, text: str) -> dict[str, object]:
    kind = "application/pdf" if name.endswith("pdf") else "text/csv"
    return {"name": name, "mimeType": kind, "buffer": text.encode()}


def file_papers(office: Visit, number: str) -> None:
    form = office.page.locator("form[enctype]").filter(has=office.page.locator("input[type=file]"))
    form.get_by_label("发票号码").fill(number)
    form.locator("input[type=file]").set_input_files(a_file("fp.pdf", "%PDF-1.7"))  # type: ignore[arg-type]


@pytest.mark.parametrize("width", [DESK, PHONE])
def test_an_invoice_from_the_asking_to_the_red_one(visits: Visits, width: int) -> None:
    visit = visits("reef", width)
    visit.sign_up()
    visit.open("/invoices/")
    visit.look("invoices-empty")
    open_offer(visit, "A100")
    visit.press("立即购买")
    submit_order(visit, "支付宝网页支付")
    pay_at_cashier(visit)
    wait_until_usable(visit)
    visit.open("/invoices/new/")
    visit.sees("先添加发票抬头")
    visit.link("添加抬头").click()
    visit.fill("抬头名称", "某某科技有限公司")
    visit.fill("税号", TAX_NUMBER[:-1] + "4")
    visit.allow(422)
    visit.press("保存")
    visit.sees("末位校验码不符")
    visit.look("invoice-titles")
    visit.fill("税号", TAX_NUMBER)
    visit.press("保存")
    visit.sees("选择消费")
    visit.fill("接收邮箱", "cw@customer.test")
    visit.look("invoice-new")
    visit.press("提交申请")
    visit.sees("待开票")
    visit.look("invoice-asked")
    mine = visit.path

    office = visits("reef", width)
    office.log_in("finance@reef.ncmatch.localhost")
    office.open("/office/invoices/")
    office.look("office-invoices")
    office.open(f"/office{mine}")
    office.look("office-invoice")
    number = f"{clock.now().timestamp():020.0f}"
    file_papers(office, number)
    office.press("确认已开具")
    office.sees("发票已开具")
    office.look("office-invoice-issued")
    office.fill("红冲原因", "客户换抬头")
    file_papers(office, f"9{number[1:]}")
    office.press("登记红票")
    office.sees("已红冲")
    office.open("/office/invoices/to-reverse/")
    office.look("office-to-reverse")
    visit.open(mine)
    visit.sees("红冲")
    visit.look("invoice-reversed")


@pytest.mark.parametrize("width", [DESK, PHONE])
def test_a_day_is_reconciled_by_a_bill_handed_in(visits: Visits, width: int) -> None:
    day = day_of(clock.now()) - timedelta(days=2)
    office = visits("reef", width)
    office.log_in("finance@reef.ncmatch.localhost")
    office.open("/office/reconciliation/")
    office.look("office-reconciliation")
    office.link("上传账单").click()
    office.fill("日期", day.isoformat())
    text = f"交易时间,商户订单号,订单金额,手续费\n{day.isoformat()} 12:00:00,STRANGER{width},12.34,0.07\n"
    office.page.locator("input[type=file]").set_input_files(a_file("bill.csv", text))  # type: ignore[arg-type]
    office.look("office-bill-upload")
    office.press("下一步")
    office.sees("账单预览")
    office.look("office-bill-columns")
    office.press("开始比对")
    office.sees("有差异需要处理")
    office.look("office-reconciled-day")
    office.open(office.path)
    office.page.get_by_role("link", name=f"STRANGER{width}").first.click()
    office.sees("提交调账")
    office.look("office-reconciled-line")
