"""The pages of what is paid afterwards: opened, looked at, paid, stopped; and the office's side of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.test import Client
from django.urls import reverse

from billing.metering.models import Bill, Charge, CreditLine
from shared_apps.catalog.enums import PlanKind
from shared_apps.catalog.models import Plan
from shared_apps.distributors.models import Distributor
from shared_apps.identity.enums import Role
from shared_apps.kernel import clock, ids, tenancy
from shared_apps.kernel.money import Money
from tenant_apps.fulfilment.models import Resource
from tenant_apps.fulfilment.services import metered
from tenant_apps.orders.models import Order
from tenant_apps.orders.pricing import price_hour
from tenant_apps.orders.services import placing
from tests import world
from tests.billing.metering.conftest import Cast, allow, plan, run
from tests.conftest import Inside

MakeClient = Callable[..., Client]


def text(answer: object) -> str:
    return answer.content.decode()  # type: ignore[attr-defined,no-any-return]


def test_it_is_chosen_on_the_offers_page_and_opened_without_paying(
    market: Cast, pier: Distributor, inside: Inside, client_for: MakeClient
) -> None:
    with inside(pier):
        who, chosen = world.customer(), plan()
        hourly = price_hour(chosen.public_id, 1, at=clock.now()).hourly
    browser = client_for(pier, who.user)
    offer = reverse("shop:offer", args=[chosen.offering.public_id])
    seen = text(browser.get(f"{offer}?plan={chosen.public_id}"))
    for kind in (PlanKind.ON_DEMAND, PlanKind.MONTHLY, PlanKind.POSTPAID):
        assert str(kind.label) in seen
    assert "每小时预计费用" in seen
    monthly = text(browser.get(f"{offer}?plan={_monthly(chosen)}"))
    assert "1 个月" in monthly and "12 个月" in monthly
    choice = {"plan": chosen.public_id, "quantity": 2, "hours": 1}
    led = browser.post(reverse("shop:cart_add"), choice).headers["Location"]
    assert led == f"{reverse('shop:postpaid')}?plan={chosen.public_id}&quantity=2"
    assert "开通" in text(browser.get(led))
    order = {
        "plan": chosen.public_id,
        "quantity": 2,
        "shown": hourly.minor,
        "agree": placing.TERMS_VERSION,
        "request_key": str(ids.new_id()),
    }
    refused = browser.post(reverse("shop:postpaid"), order)
    assert refused.status_code == 409 and "信用额度合计不低于" in text(refused)
    with inside(pier):
        assert not Order.objects.exists()
        allow(who, Money.of("500"))
    assert browser.post(reverse("shop:postpaid"), order | {"shown": 1}).status_code == 409
    opened = browser.post(reverse("shop:postpaid"), order)
    again = browser.post(reverse("shop:postpaid"), order)
    assert opened.headers["Location"] == again.headers["Location"]
    with inside(pier):
        assert Order.objects.get().lines.count() == 2
    assert browser.get(opened.headers["Location"]).status_code == 200


def _monthly(chosen: Plan) -> UUID:
    with tenancy.shared():
        return Plan.objects.get(offering=chosen.offering, kind=PlanKind.MONTHLY).public_id


def test_usage_and_bill_are_shown_paid_and_the_machine_is_stopped(
    market: Cast,
    pier: Distributor,
    rival: Distributor,
    inside: Inside,
    client_for: MakeClient,
    since: datetime,
) -> None:
    with inside(pier):
        who, other = world.customer(), world.customer("客户乙")
        allow(who, Money.of("500"))
        (machine,) = run(who, since)
        metered.tick(line_id=machine.line.public_id, at=since + timedelta(hours=3))
        bill = Bill.objects.earliest("id")
        amount = Charge.objects.earliest("id").amount
    browser = client_for(pier, who.user)
    page = reverse("shop:resource", args=[machine.public_id])
    seen = text(browser.get(page))
    assert "按量后付费" in seen and f"¥{amount.decimal:,.2f}" in seen and "停止使用" in seen
    assert "按量后付费" in text(browser.get(reverse("shop:resources")))
    assert bill.number in text(browser.get(reverse("shop:bills")))
    its = reverse("shop:bill", args=[bill.public_id])
    assert "现在支付" in text(browser.get(its))
    assert client_for(pier, other.user).get(its).status_code == 404
    pay = reverse("shop:bill_pay", args=[bill.public_id])
    assert client_for(pier, other.user).post(pay).status_code == 404
    assert "余额不足" in text(browser.post(pay, follow=True))
    with inside(pier):
        world.recharge(who, bill.owed)
    assert "已从余额支付" in text(browser.post(pay, follow=True))
    with inside(pier):
        assert CreditLine.objects.get().used_minor == sum(b.owed.minor for b in Bill.objects.all())
        Resource.objects.update(metered_until=clock.now() - timedelta(minutes=3))
    stop = reverse("shop:resource_stop", args=[machine.public_id])
    assert client_for(pier, other.user).post(stop).status_code == 404
    browser.post(stop)
    with inside(pier):
        machine.refresh_from_db()
        assert machine.state == "ENDING"


def test_finance_sets_limits_and_finds_bills_and_usage(
    market: Cast, pier: Distributor, inside: Inside, client_for: MakeClient, since: datetime
) -> None:
    with inside(pier):
        who = world.customer()
        finance, sales = world.staff(Role.FINANCE), world.staff(Role.SALES)
    office = client_for(pier, finance)
    assert str(who) in text(office.get(reverse("office:credits")))
    its = reverse("office:credit", args=[who.public_id])
    assert "信用额度已设为 300.00 元" in text(office.post(its, {"limit": "300"}, follow=True))
    assert client_for(pier, sales).post(its, {"limit": "1"}).status_code == 403
    with inside(pier):
        assert CreditLine.objects.get().limit_minor == 30000
        (machine,) = run(who, since)
        metered.tick(line_id=machine.line.public_id, at=since + timedelta(hours=2))
        bill, record = Bill.objects.earliest("id"), Charge.objects.earliest("id").usage
    assert bill.number in text(office.get(reverse("office:bills")))
    assert bill.number not in text(office.get(f"{reverse('office:bills')}?state=OVERDUE"))
    assert record.record_id in text(office.get(reverse("office:usage")))
    exported = office.get(reverse("office:usage_export"))
    assert record.record_id in b"".join(exported).decode("utf-8-sig")
    assert "不能低于已使用" in text(office.post(its, {"limit": "0.01"}, follow=True))
    told = text(office.post(its, {"limit": "99999"}, follow=True))
    assert "由另一位财务人员审批后生效" in told
