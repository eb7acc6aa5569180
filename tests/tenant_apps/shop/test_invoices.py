"""An invoice from the customer's request to the file in his hand, and back by a red one."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.html import escape

from billing.balances.enums import LotKind
from billing.balances.services import lots
from billing.invoicing.models import Consumption, Invoice, Title
from billing.ledger.enums import PartyKind
from billing.ledger.parties import Party
from shared_apps.audit.models import Record
from shared_apps.distributors.models import Distributor
from shared_apps.identity.enums import Role
from shared_apps.kernel import clock
from shared_apps.kernel.ids import new_id
from shared_apps.kernel.money import Money
from shared_apps.suppliers import queries as suppliers
from tenant_apps.customers import handlers
from tenant_apps.customers.models import Notice
from tenant_apps.orders.models import Order
from tenant_apps.orders.services import lines, paying
from tests import world
from tests.billing.invoicing.conftest import TAX_NUMBER
from tests.conftest import Inside
from tests.tenant_apps.backoffice.conftest import PromptSupplier

ClientFor = Callable[..., Client]


def page(answer: object) -> str:
    return answer.content.decode()  # type: ignore[attr-defined,no-any-return]


@pytest.fixture
def sold(db: None, pier: Distributor, inside: Inside, monkeypatch: pytest.MonkeyPatch) -> Order:
    """Two machines of 客户甲's, running and paid."""
    monkeypatch.setattr(suppliers, "adapter_for", lambda **_: PromptSupplier())
    monkeypatch.setattr(handlers, "send_sms", lambda **_: None)
    with inside(pier):
        who = world.customer()
        world.recharge(who, Money.of("100000"))
        order = world.place(who, world.a_choice(quantity=2, hours=7))
        paying.pay_from_balance(order=order, at=clock.now())
    world.drain()
    return order


@pytest.fixture
def buyer(sold: Order, pier: Distributor, inside: Inside, client_for: ClientFor) -> Client:
    with inside(pier):
        user = world.customer().user
    return client_for(pier, user)


@pytest.fixture
def finance(sold: Order, pier: Distributor, inside: Inside, client_for: ClientFor) -> Client:
    with inside(pier):
        user = world.staff(Role.FINANCE)
    return client_for(pier, user)


def keep_title(buyer: Client, **more: str) -> object:
    return buyer.post(
        "/invoices/titles/",
        {"title_kind": "COMPANY", "name": "某某科技有限公司", "tax_number": TAX_NUMBER, **more},
    )


def ask(buyer: Client, pier: Distributor, inside: Inside, *consumptions: UUID) -> object:
    with inside(pier):
        title = Title.objects.get()
    return buyer.post(
        "/invoices/new/",
        {
            "title": str(title.public_id),
            "kind": "GENERAL",
            "email": "cw@customer.test",
            "request_key": str(new_id()),
            "consumption": [str(one) for one in consumptions],
        },
        follow=True,
    )


def papers(number: str, content: bytes = b"%PDF-1.7 blue") -> dict[str, object]:
    return {
        "tax_invoice_number": number,
        "tax_code": "",
        "issued_on": clock.now().date().isoformat(),
        "file": SimpleUploadedFile("fp.pdf", content),
    }


def consumptions(pier: Distributor, inside: Inside) -> list[Consumption]:
    with inside(pier):
        return list(Consumption.objects.order_by("id"))


def test_from_the_request_to_the_file_and_back_by_a_red_one(
    sold: Order, buyer: Client, finance: Client, pier: Distributor, inside: Inside
) -> None:
    one, two = consumptions(pier, inside)
    both = one.open + two.open
    assert (one.order_number, one.order_id) == (sold.number, sold.public_id)
    assert "申请开票" in page(buyer.get("/invoices/"))
    assert "先添加发票抬头" in page(buyer.get("/invoices/new/"))
    keep_title(buyer)
    listed = page(buyer.get("/invoices/new/"))
    assert sold.number in listed and f"¥{both.decimal:,.2f}" in listed and "税率 6%" in listed
    asked = ask(buyer, pier, inside, one.public_id, two.public_id)
    assert "申请已提交" in page(asked) and "待开票" in page(asked)
    with inside(pier):
        invoice = Invoice.objects.get()
    assert invoice.amount == both
    # finance
    office = f"/office/invoices/{invoice.public_id}/"
    assert invoice.number in page(finance.get("/office/invoices/"))
    assert TAX_NUMBER in page(finance.get(office)) and "税率 6%" in page(finance.get(office))
    wrong = finance.post(f"{office}issue/", papers("12"))
    assert wrong.status_code == 422 and "数电发票号码为 20 位数字" in page(wrong)
    done = finance.post(f"{office}issue/", papers("2" * 20), follow=True)
    assert "发票已开具" in page(done)
    world.drain()
    world.drain()
    with inside(pier):
        assert list(Notice.objects.filter(title="发票已开具").values_list("link")) == [
            (f"/invoices/{invoice.public_id}/",)
        ]
    # the customer
    mine = f"/invoices/{invoice.public_id}/"
    assert "2" * 20 in page(buyer.get(mine)) and "已发送到邮箱" in page(buyer.get(mine))
    file = buyer.get(f"{mine}file/")
    assert file.content == b"%PDF-1.7 blue"
    assert "attachment" in file.headers["Content-Disposition"]
    assert "没有可开票的消费" in page(buyer.get("/invoices/new/"))
    # a refund of one machine: to be reversed by its amount, which the form already says
    with inside(pier):
        line = sold.lines.get(public_id=one.line_id)
        lines.refund(line=line, reason="客户退订", at=clock.now())
    assert f"{one.open.decimal:,.2f}" in page(finance.get("/office/invoices/to-reverse/"))
    opened = page(finance.get(office))
    typed = dict(re.findall(r'name="(line-[0-9a-f-]+)" value="([0-9.]+)"', opened))
    assert sorted(typed.values()) == ["0.00", str(one.open)]
    red = finance.post(
        f"{office}reverse/",
        {**papers("3" * 20), **typed, "reason": "部分退款", "request_key": str(new_id())},
        follow=True,
    )
    assert f"红冲 {one.open} 元" in page(red) and "部分红冲" in page(red)
    assert "没有待红冲的发票" in page(finance.get("/office/invoices/to-reverse/"))
    with inside(pier):
        assert {c.invoiced_minor for c in Consumption.objects.all()} == {0, two.consumed_minor}
        actions = Record.objects.filter(action__startswith="invoice.").values_list("action")
        assert ("invoice.download",) in actions and ("invoice.reverse",) in actions
    exported = finance.get("/office/invoices/export.csv").content.decode("utf-8-sig")
    assert len(exported.strip().splitlines()) == 3 and f"-{one.open}" in exported


def test_a_rejection_tells_why_and_frees_the_consumption(
    buyer: Client, finance: Client, pier: Distributor, inside: Inside
) -> None:
    keep_title(buyer)
    one, two = consumptions(pier, inside)
    ask(buyer, pier, inside, one.public_id)
    with inside(pier):
        invoice = Invoice.objects.get()
    office = f"/office/invoices/{invoice.public_id}/"
    assert "请写明驳回原因" in page(finance.post(f"{office}reject/", {}, follow=True))
    finance.post(f"{office}reject/", {"reason": "抬头与执照不符"})
    world.drain()
    assert "抬头与执照不符" in page(buyer.get(f"/invoices/{invoice.public_id}/"))
    assert "发票申请未通过" in page(buyer.get("/notices/"))
    again = ask(buyer, pier, inside, one.public_id, two.public_id)
    assert "申请已提交" in page(again)


def test_a_wrong_tax_number_is_said_beside_its_field(
    buyer: Client, pier: Distributor, inside: Inside
) -> None:
    answer = keep_title(buyer, tax_number=TAX_NUMBER[:-1] + "4")
    assert answer.status_code == 422  # type: ignore[attr-defined]
    assert "末位校验码不符" in page(answer) and escape("某某科技有限公司") in page(answer)
    with inside(pier):
        assert not Title.objects.exists()


def test_a_withdrawn_request_is_over(
    buyer: Client, finance: Client, pier: Distributor, inside: Inside
) -> None:
    keep_title(buyer)
    one, _two = consumptions(pier, inside)
    ask(buyer, pier, inside, one.public_id)
    with inside(pier):
        invoice = Invoice.objects.get()
    told = buyer.post(f"/invoices/{invoice.public_id}/withdraw/", follow=True)
    assert "申请已撤回" in page(told)
    late = finance.post(f"/office/invoices/{invoice.public_id}/issue/", papers("4" * 20))
    assert late.status_code == 422 and "已撤回" in page(late)
    with inside(pier):
        assert Invoice.objects.get().state == "WITHDRAWN"


def test_anothers_invoices_do_not_exist(
    buyer: Client, pier: Distributor, inside: Inside, client_for: ClientFor
) -> None:
    keep_title(buyer)
    one, two = consumptions(pier, inside)
    ask(buyer, pier, inside, one.public_id)
    with inside(pier):
        invoice = Invoice.objects.get()
        title = Title.objects.get()
        stranger = client_for(pier, world.customer("客户乙").user)
    mine = f"/invoices/{invoice.public_id}/"
    for answer in (
        stranger.get(mine),
        stranger.get(f"{mine}file/"),
        stranger.post(f"{mine}withdraw/"),
        stranger.get(f"/invoices/titles/{title.public_id}/"),
        stranger.post(f"/invoices/titles/{title.public_id}/remove/"),
    ):
        assert answer.status_code == 404
    keep_title(stranger)
    with inside(pier):
        own = Title.objects.exclude(pk=title.pk).get()
    refused = stranger.post(
        "/invoices/new/",
        {
            "title": str(own.public_id),
            "kind": "GENERAL",
            "email": "a@b.test",
            "request_key": str(new_id()),
            "consumption": [str(two.public_id)],
        },
    )
    assert refused.status_code == 422
    with inside(pier):
        assert Invoice.objects.get().state == "REQUESTED"
        assert Title.objects.count() == 2


def test_money_that_was_given_is_not_on_invoices(
    buyer: Client, pier: Distributor, inside: Inside
) -> None:
    with inside(pier):
        who = world.customer()
        lots.enter(
            event="gift",
            source="gift:test",
            customer=Party(PartyKind.CUSTOMER, str(who.public_id)),
            amount=Money.of("0.50"),
            origin_id=new_id(),
            title="赠送",
            effective_at=clock.now(),
            kind=LotKind.GIFTED,
            expires_at=clock.now() + timedelta(days=30),
        )
        order = world.place(who, world.a_choice(hours=3))
        paying.pay_from_balance(order=order, at=clock.now())
    world.drain()
    with inside(pier):
        line = order.lines.get()
        consumed = Consumption.objects.get(line_id=line.public_id)
        assert line.amount_minor > 50
        assert consumed.consumed_minor == line.amount_minor - 50
        lines.refund(line=line, reason="退订", at=clock.now())
        consumed.refresh_from_db()
        assert consumed.kept_minor == 0
