"""对账 in the office: a run with its progress, a difference settled by two people, a bill handed in."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from openpyxl import load_workbook

from billing.ledger.queries import balance
from billing.payments.models import MerchantAccount, Payment
from billing.reconciliation.models import ReconciledDay, ReconciledLine
from billing.reconciliation.services import runs
from shared_apps.approvals.models import ApprovalRequest
from shared_apps.approvals.services import decide
from shared_apps.distributors.models import Distributor
from shared_apps.identity import services as identity
from shared_apps.identity.enums import Role
from shared_apps.kernel import clock
from tests import world
from tests.billing.reconciliation.conftest import (
    DAY,
    NOON,
    Provider,
    an_account,
    paid,
    said,
    stranger,
)
from tests.conftest import Inside

from .conftest import SignIn

HOME = "/office/reconciliation/"


def page(answer: object) -> str:
    return answer.content.decode()  # type: ignore[attr-defined,no-any-return]


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Provider:
    found = Provider()
    monkeypatch.setattr(runs, "gateway_for", lambda _account: found)
    return found


@pytest.fixture
def account(pier: Distributor, inside: Inside, db: None) -> MerchantAccount:
    with inside(pier):
        return an_account()


@pytest.fixture
def payment(account: MerchantAccount, pier: Distributor, inside: Inside) -> Payment:
    with inside(pier):
        return paid(account, "1234.50", NOON)


@pytest.fixture
def finance(pier: Distributor, sign_in: SignIn) -> Client:
    return sign_in(pier, Role.FINANCE)


@pytest.fixture(autouse=True)
def days_later(monkeypatch: pytest.MonkeyPatch) -> None:
    later = NOON + timedelta(days=30)
    monkeypatch.setattr(clock, "now", lambda: later)


def start(finance: Client, account: MerchantAccount) -> str:
    answer = finance.post(
        f"{HOME}start/", {"account": str(account.public_id), "day": DAY.isoformat()}
    )
    assert answer.status_code == 302
    return str(answer.headers["Location"])


def test_a_run_shows_how_it_goes_and_its_difference_is_settled_by_two(
    finance: Client,
    account: MerchantAccount,
    payment: Payment,
    provider: Provider,
    pier: Distributor,
    inside: Inside,
) -> None:
    provider.bills[DAY] = [said(payment), stranger("12.34")]
    day = start(finance, account)
    running = page(finance.get(day))
    assert "正在取回账单并核对" in running and f'hx-get="{day}state/"' in running
    assert "HX-Refresh" not in finance.get(f"{day}state/").headers
    world.drain(at=clock.now())
    over = finance.get(f"{day}state/")
    assert over.headers["HX-Refresh"] == "true"
    shown = page(finance.get(day))
    assert "有差异需要处理" in shown and "本店缺少 1" in shown and "一致 1" in shown
    only = page(finance.get(f"{day}?result=MISSING_HERE"))
    assert "P-STRANGER" in only and payment.intent.number not in only
    with inside(pier):
        line = ReconciledLine.objects.get(number="P-STRANGER")
    detail = page(finance.get(f"{HOME}lines/{line.public_id}/"))
    assert "¥12.34" in detail and "提交调账" in detail
    without = finance.post(f"{HOME}lines/{line.public_id}/adjust/", {}, follow=True)
    assert "请写明处理原因" in page(without)
    asked = finance.post(
        f"{HOME}lines/{line.public_id}/adjust/", {"reason": "客户直接转入"}, follow=True
    )
    assert "由另一位同事审批后入账" in page(asked)
    with inside(pier):
        assert str(balance(account="2241")) == "0.00"
        second = identity.add_staff(
            name="另一位财务", roles=[Role.FINANCE], email="b@pier.test", password=world.PASSWORD
        )
        request = ApprovalRequest.objects.get()
        assert ["渠道账户将变动", "12.34 元"] in request.facts
        decide(
            request=request,
            approved=True,
            by=second,
            reason="",
            digest=request.digest,
            at=clock.now(),
        )
        assert str(balance(account="2241")) == "12.34"
    listed = page(finance.get(HOME))
    assert "已平" in listed and DAY.isoformat() in listed


def test_a_difference_may_only_be_explained(
    finance: Client,
    account: MerchantAccount,
    payment: Payment,
    provider: Provider,
    pier: Distributor,
    inside: Inside,
) -> None:
    provider.bills[DAY] = []
    day = start(finance, account)
    world.drain(at=clock.now())
    with inside(pier):
        line = ReconciledLine.objects.get()
        before = str(balance(account="1012"))
    finance.post(f"{HOME}lines/{line.public_id}/explain/", {"reason": "渠道次月补记"})
    shown = page(finance.get(day))
    assert "已说明" in shown and "渠道次月补记" in shown
    with inside(pier):
        assert str(balance(account="1012")) == before == "1234.50"


def test_a_day_is_exported_as_it_is_filtered(
    finance: Client, account: MerchantAccount, payment: Payment, provider: Provider
) -> None:
    provider.bills[DAY] = [said(payment, "1234.51"), stranger("1.00")]
    day = start(finance, account)
    world.drain(at=clock.now())
    text = finance.get(f"{day}export.csv?result=AMOUNT").content.decode("utf-8-sig")
    head, *rows = csv.reader(io.StringIO(text))
    (row,) = rows
    assert dict(zip(head, row, strict=True))["差额（元）"] == "0.01"
    xlsx = finance.get(f"{day}export.csv?as=xlsx").content
    sheet: Any = load_workbook(io.BytesIO(xlsx)).active
    titles, *lines = sheet.iter_rows(values_only=True)
    gap = titles.index("差额（元）")
    assert sorted(line[gap] for line in lines) == [0.01, 1]


def test_a_bill_is_handed_in_and_its_columns_named(
    finance: Client, account: MerchantAccount, payment: Payment, pier: Distributor, inside: Inside
) -> None:
    number = payment.intent.number
    content = f"交易时间,商户订单号,订单金额\n2026-11-20 12:00:00,{number},1234.49\n"
    form = {"account": str(account.public_id), "day": DAY.isoformat()}
    missing = finance.post(f"{HOME}upload/", form)
    assert missing.status_code == 422
    sent = finance.post(
        f"{HOME}upload/", {**form, "file": SimpleUploadedFile("bill.csv", content.encode())}
    )
    columns = str(sent.headers["Location"])
    preview = page(finance.get(columns))
    assert number in preview and "账单预览" in preview
    wrong = finance.post(columns, {"number": "1", "amount": "0"})
    assert wrong.status_code == 422 and "不是金额" in page(wrong)
    done = finance.post(columns, {"number": "1", "amount": "2", "at": "0"}, follow=True)
    assert "账单共 1 笔，已比对" in page(done) and "金额不同 1" in page(done)
    with inside(pier):
        assert str(ReconciledLine.objects.get().gap) == "-0.01"
    assert finance.get(columns).status_code == 404  # the draft is used up


def test_nonsense_is_not_uploaded(
    finance: Client, account: MerchantAccount, pier: Distributor, inside: Inside
) -> None:
    form = {"account": str(account.public_id), "day": DAY.isoformat()}
    sent = finance.post(
        f"{HOME}upload/", {**form, "file": SimpleUploadedFile("a.csv", b"nothing")}, follow=True
    )
    assert "没有表头" in page(sent)
    unknown = finance.post(f"{HOME}start/", {"account": "x", "day": "y"}, follow=True)
    assert "请选择收款账户和日期" in page(unknown)
    with inside(pier):
        assert not ReconciledLine.objects.exists()
        assert ReconciledDay.objects.get().state == "WAITING"


@pytest.mark.parametrize("role", [Role.SALES, Role.SUPPORT, Role.MANAGER])
def test_only_finance_reconciles(
    role: str, pier: Distributor, sign_in: Callable[..., Client]
) -> None:
    assert sign_in(pier, role).get(HOME).status_code == 403
