"""Orders, customers and resources: found, seen by the right people, given back with the money."""

from __future__ import annotations

from decimal import Decimal

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import escape

from billing.ledger.queries import balance
from billing.settlement.models import Obligation
from shared_apps.audit.models import Record
from shared_apps.distributors.models import Distributor
from shared_apps.identity.enums import Role
from shared_apps.kernel import clock
from shared_apps.kernel.money import Money, charge
from tenant_apps.customers import services as customers
from tenant_apps.fulfilment.models import Resource
from tenant_apps.orders.enums import LineState
from tenant_apps.orders.models import Order
from tenant_apps.orders.services import paying
from tests import world
from tests.conftest import Inside

from .conftest import PASSWORD, SignIn


def page(answer: object) -> str:
    return answer.content.decode()  # type: ignore[attr-defined,no-any-return]


def detail(order: Order) -> str:
    return reverse("office:order", args=[order.public_id])


def test_an_order_is_found_by_number_customer_and_state(
    sold: Order, pier: Distributor, sign_in: SignIn, inside: Inside
) -> None:
    with inside(pier):
        other = world.place(world.customer("客户乙"), world.a_choice(hours=3))
    browser = sign_in(pier, Role.SUPPORT)
    both = page(browser.get("/office/orders/"))
    assert sold.number in both and other.number in both
    for query, there in (
        (f"q={sold.number}", sold),
        ("q=客户乙", other),
        ("state=AWAITING_PAYMENT", other),
        ("state=COMPLETED", sold),
    ):
        found = page(browser.get(f"/office/orders/?{query}"))
        hidden = other if there is sold else sold
        assert there.number in found and hidden.number not in found, query
    assert sold.number not in page(browser.get("/office/orders/?to=2026-01-31"))
    assert "没有符合条件的记录" in page(browser.get("/office/orders/?q=nothing-like-it"))


def test_nonsense_in_the_address_is_as_if_it_had_not_been_said(
    sold: Order, pier: Distributor, sign_in: SignIn
) -> None:
    browser = sign_in(pier, Role.ADMIN)
    for query in (
        "page=99999",
        "page=x",
        "sort=password",
        "from=yesterday",
        "to=9999-12-31",
        "state=NO",
        "customer=1",
        "q=%00",
        "month=2026-13",
    ):
        answer = browser.get(f"/office/orders/?{query}")
        assert answer.status_code == 200 and sold.number in page(answer), query
    assert browser.get("/office/books/trial/?month=0000-00").status_code == 200


def test_staff_see_their_own_hop_and_nothing_from_further_up(
    sold: Order, pier: Distributor, harbour: Distributor, sign_in: SignIn, inside: Inside
) -> None:
    with inside(pier):
        line = sold.lines.get(position=1)
        list_hourly = Decimal(line.specs["list_hourly"])
        own = Money(Obligation.objects.get(trace_id=line.public_id).amount_minor)
    seen = page(sign_in(pier, Role.FINANCE).get(detail(sold)))
    assert f"应付 {harbour.name}" in seen
    assert f"¥{own.decimal:,.2f}" in seen
    upstream = charge(list_hourly * Decimal("0.88"), Decimal(7))
    assert f"¥{upstream.decimal:,.2f}" not in seen
    assert "北方算力" not in seen and "88.00%" not in seen
    assert f"应付 {harbour.name}" not in page(sign_in(pier, Role.SUPPORT).get(detail(sold)))


def test_a_refund_tells_beforehand_and_moves_what_it_told(
    sold: Order, pier: Distributor, sign_in: SignIn, inside: Inside
) -> None:
    browser = sign_in(pier, Role.FINANCE)
    with inside(pier):
        line = sold.lines.get(position=1)
        before = balance(account="220301")
    asked = page(browser.get(detail(sold)))
    assert f"¥{line.amount.decimal:,.2f} 将退回客户余额" in asked
    address = reverse("office:refund", args=[line.public_id])
    answer = browser.post(address, {"reason": "客户要求退订"}, follow=True)
    assert f"已退款 {line.amount} 元" in page(answer)
    with inside(pier):
        line.refresh_from_db()
        assert line.state == LineState.REFUNDED
        assert balance(account="220301") - before == line.amount
        assert sum(o.amount_minor for o in Obligation.objects.filter(trace_id=line.public_id)) == 0
        told = Record.objects.get(action="order_line.refunded")
        assert (told.note, told.actor_name) == ("客户要求退订", Role.FINANCE)
    again = browser.post(address, {"reason": "再退一次"}, follow=True)
    assert escape("该项目当前为“已退款”，不能退款。") in page(again)
    with inside(pier):
        assert balance(account="220301") - before == line.amount


def test_a_refund_needs_a_reason_and_the_right(
    sold: Order, pier: Distributor, rival: Distributor, sign_in: SignIn, inside: Inside
) -> None:
    with inside(pier):
        line = sold.lines.get(position=1)
    address = reverse("office:refund", args=[line.public_id])
    for role in (Role.SUPPORT, Role.SALES, Role.MANAGER):
        browser = sign_in(pier, role)
        assert "退订并退款" not in page(browser.get("/office/"))
        assert browser.post(address, {"reason": "x"}).status_code == 403
    assert sign_in(rival, Role.FINANCE).post(address, {"reason": "x"}).status_code == 404
    assert sign_in(pier, Role.FINANCE).get(address).status_code == 405
    sign_in(pier, Role.FINANCE).post(address, {"reason": " "})
    with inside(pier):
        line.refresh_from_db()
        assert line.state == LineState.OPEN


def test_a_salesman_sees_his_customers_their_orders_and_nobody_elses(
    sold: Order, pier: Distributor, sign_in: SignIn, inside: Inside
) -> None:
    browser = sign_in(pier, Role.SALES)
    with inside(pier):
        who, other = world.customer("客户甲"), world.customer("客户乙")
    theirs = reverse("office:customer", args=[who.public_id])
    assert browser.get(detail(sold)).status_code == 404
    assert browser.get(theirs).status_code == 404
    for address in (
        "/office/orders/",
        "/office/orders/export.csv",
        "/office/customers/export.csv",
    ):
        assert sold.number not in page(browser.get(address)), address
        assert "客户甲" not in page(browser.get(address)), address
    assert detail(sold) not in page(browser.get(f"/office/jump/?q={sold.number}"))
    with inside(pier):
        customers.assign(customer=who, owner=world.staff(Role.SALES))
    assert sold.number in page(browser.get("/office/orders/"))
    assert detail(sold) in page(browser.get(f"/office/jump/?q={sold.number}"))
    assert browser.get(detail(sold)).status_code == 200
    assert browser.get(theirs).status_code == 200
    assert browser.get(reverse("office:customer", args=[other.public_id])).status_code == 404


def test_the_way_into_a_machine_is_never_shown_to_staff(
    sold: Order, pier: Distributor, sign_in: SignIn, inside: Inside
) -> None:
    with inside(pier):
        found = Resource.objects.filter(line__order=sold).first()
        assert found is not None and found.access_sealed
    browser = sign_in(pier, Role.ADMIN)
    for address in (
        reverse("office:resource", args=[found.public_id]),
        "/office/resources/",
        "/office/resources/export.csv",
        detail(sold),
        "/office/audit/export.csv",
    ):
        seen = page(browser.get(address))
        assert PASSWORD not in seen and "10.0.0.8" not in seen and found.access_sealed not in seen


def test_a_customers_page_shows_what_the_books_say(
    sold: Order, pier: Distributor, sign_in: SignIn, inside: Inside
) -> None:
    with inside(pier):
        who = world.customer()
    seen = page(sign_in(pier, Role.SUPPORT).get(reverse("office:customer", args=[who.public_id])))
    left = Money.of("100000") - sold.total
    assert sold.number in seen and f'title="¥{left.decimal:,.2f}"' in seen
    assert "139****0001" in seen and "13900000001" not in seen


def test_only_a_manager_hands_a_customer_over(
    pier: Distributor, sign_in: SignIn, inside: Inside
) -> None:
    with inside(pier):
        who, seller = world.customer(), world.staff(Role.SALES)
    address = reverse("office:assign", args=[who.public_id])
    assert sign_in(pier, Role.SUPPORT).post(address, {"owner": seller.public_id}).status_code == 403
    sign_in(pier, Role.MANAGER).post(address, {"owner": seller.public_id})
    with inside(pier):
        assert world.customer().owner == seller
        assert Record.objects.filter(action="customer.assign").exists()


def test_a_part_for_the_drawer_stands_alone(
    sold: Order, pier: Distributor, sign_in: SignIn
) -> None:
    browser = sign_in(pier, Role.ADMIN)
    headers = {"HX-Request": "true", "HX-Target": "drawer-body"}
    part = page(browser.get(detail(sold), headers=headers))
    assert sold.number in part and "nc-rail" not in part and "<html" not in part


LISTS = (
    "orders",
    "customers",
    "resources",
    "payments",
    "refunds",
    "events",
    "journal",
    "accounts",
    "trial",
    "dealings",
    "staff",
    "audit",
)


def test_a_list_asks_as_often_however_long_it_is(
    sold: Order, pier: Distributor, sign_in: SignIn, inside: Inside
) -> None:
    browser = sign_in(pier, Role.ADMIN)
    pages = [reverse(f"office:{name}") for name in LISTS] + ["/office/", detail(sold)]

    def asked() -> dict[str, int]:
        counts = {}
        for address in pages:
            with CaptureQueriesContext(connection) as queries:
                assert browser.get(address).status_code == 200
            counts[address] = len(queries)
        return counts

    asked()  # what is remembered in the process is remembered now
    once = asked()
    with inside(pier):
        for hours in (2, 3, 4):
            order = world.place(world.customer("客户甲"), world.a_choice(hours=hours))
            paying.pay_from_balance(order=order, at=clock.now())
    world.drain()
    assert asked() == once
    assert max(once.values()) <= 30
