"""Quotes, the cart, orders and paying them from the balance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.pricing.services import set_retail_percent
from shared_apps.audit.models import Record
from shared_apps.catalog.enums import PlanState
from shared_apps.catalog.models import Plan
from shared_apps.distributors.models import Distributor
from shared_apps.kernel import clock, tenancy
from shared_apps.kernel.money import Money
from tenant_apps.orders.models import CartItem, Order
from tests import world
from tests.conftest import Inside

from .conftest import Api, ApiFor

NOBODYS = "0199f000-0000-7000-8000-000000000000"


@pytest.fixture
def rich(api: Api, harbour: Distributor, inside: Inside) -> Api:
    """A customer with money."""
    with inside(harbour):
        world.recharge(world.customer(), Money.of("100000.00"))
    return api


@pytest.fixture
def several(api: Api) -> Api:
    for _ in range(3):
        api.order()
    return api


def _asked(api: Api, **changed: Any) -> dict[str, Any]:
    items = [api.choice(hours=3, quantity=2)]
    quote = api.post("/quotes", {"items": items}).told
    return {
        "items": items,
        "shown_total": quote["total"],
        "terms_version": quote["terms_version"],
    } | changed


def test_a_quote_prices_every_choice_and_keeps_nothing(
    visitor: Api, harbour: Distributor, inside: Inside
) -> None:
    offer = visitor.get("/offers?q=A100&per_page=1").told["items"][0]
    plan = offer["plans"][0]
    with CaptureQueriesContext(connection) as queries:
        quote = visitor.post(
            "/quotes", {"items": [{"plan_id": plan["id"], "quantity": 2, "hours": 7}]}
        ).told
    hourly = Decimal(plan["hourly"])
    assert quote["items"][0] | {"name": ""} == {
        "plan_id": plan["id"],
        "quantity": 2,
        "hours": 7,
        "name": "",
        "hourly": plan["hourly"],
        "amount": str(hourly * 14),
    }
    assert (quote["total"], quote["currency"]) == (str(hourly * 14), "CNY")
    assert not [q for q in queries if q["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]


def test_twenty_choices_are_priced_in_as_many_queries_as_one(visitor: Api) -> None:
    choice = visitor.choice()
    for count in (1, 20):
        items = [choice | {"hours": hours} for hours in range(1, count + 1)]
        with CaptureQueriesContext(connection) as queries:
            assert len(visitor.post("/quotes", {"items": items}).told["items"]) == count
        assert len(queries) == 3  # the shop, its percent, the prices


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"quantity": 0}, "items.0.quantity"),
        ({"quantity": 11}, "items.0.quantity"),
        ({"quantity": 1.5}, "items.0.quantity"),
        ({"hours": 0}, "items.0.hours"),
        ({"hours": 8785}, "items.0.hours"),
        ({"plan_id": "7"}, "items.0.plan_id"),
    ],
)
def test_impossible_choices_are_refused_by_field(
    visitor: Api, change: dict[str, Any], field: str
) -> None:
    answer = visitor.post("/quotes", {"items": [visitor.choice() | change]})
    assert (answer.status_code, answer.told["errors"][0]["field"]) == (422, field)


def test_a_quote_of_nothing_or_too_much_is_refused(visitor: Api) -> None:
    assert visitor.post("/quotes", {"items": []}).status_code == 422
    choice = visitor.choice()
    assert visitor.post("/quotes", {"items": [choice] * 21}).status_code == 422
    missing = visitor.post("/quotes", {"items": [choice | {"plan_id": NOBODYS}]})
    assert (missing.status_code, missing.told["code"]) == (409, "order.no_longer_sold")


def test_an_order_is_placed_at_the_shown_price(api: Api) -> None:
    body = _asked(api)
    answer = api.post("/orders", body, key="first")
    assert answer.status_code == 201
    order = answer.told
    assert answer["Location"] == f"/api/v1/orders/{order['id']}"
    assert (order["state"], order["total"]) == ("AWAITING_PAYMENT", body["shown_total"])
    assert [line["position"] for line in order["lines"]] == [1, 2]
    assert {line["plan_id"] for line in order["lines"]} == {body["items"][0]["plan_id"]}
    assert sum(Decimal(line["amount"]) for line in order["lines"]) == Decimal(order["total"])
    assert "list_hourly" not in order["lines"][0]["specs"]  # what the shop itself is asked
    assert api.get(f"/orders/{order['id']}").told == order


def test_the_same_key_and_body_place_one_order(
    api: Api, harbour: Distributor, inside: Inside
) -> None:
    body = _asked(api)
    first, second = api.post("/orders", body, key="k"), api.post("/orders", body, key="k")
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.told == second.told
    assert second["Idempotent-Replayed"] == "true"
    with inside(harbour):
        assert Order.objects.count() == 1


def test_the_same_key_with_another_body_is_refused(
    api: Api, harbour: Distributor, inside: Inside
) -> None:
    body = _asked(api)
    api.post("/orders", body, key="k")
    other = api.post("/orders", body | {"items": body["items"] * 2}, key="k")
    assert (other.status_code, other.told["code"]) == (422, "idempotency.key_reused")
    with inside(harbour):
        assert Order.objects.count() == 1


def test_an_order_needs_a_key(api: Api, harbour: Distributor, inside: Inside) -> None:
    answer = api.post("/orders", _asked(api))
    assert (answer.status_code, answer.told["code"]) == (400, "idempotency.key_missing")
    with inside(harbour):
        assert not Order.objects.exists()


def test_a_key_in_flight_is_refused_and_one_order_is_placed(
    committed: None, harbour: Distributor, api_for: ApiFor, inside: Inside
) -> None:
    """A request holds the key while the same one comes again, at the exact point before its answer."""
    api = api_for(harbour)
    body = _asked(api)
    with inside(harbour):
        user = world.customer().user
    from shared_apps.identity.api import idempotency

    with inside(harbour), connection.cursor() as cursor:
        cursor.execute("BEGIN")
        idempotency._hold(user, "k")
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(_post_and_close, api, body).result()
        cursor.execute("ROLLBACK")
    assert (answer.status_code, answer.told["code"]) == (409, "idempotency.in_flight")
    assert answer["Retry-After"] == "1"
    assert api.post("/orders", body, key="k").status_code == 201
    with inside(harbour):
        assert Order.objects.count() == 1


def _post_and_close(api: Api, body: dict[str, Any]) -> Any:
    try:
        return api.post("/orders", body, key="k")
    finally:
        connection.close()


def test_the_same_request_at_the_same_time_places_one_order(
    committed: None, harbour: Distributor, api_for: ApiFor, inside: Inside
) -> None:
    api = api_for(harbour)
    body = _asked(api)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: _post_and_close(api, body), range(6)))
    counted = Counter(answer.status_code for answer in answers)
    assert set(counted) <= {201, 409}
    assert counted[201] >= 1
    assert len({a.told["id"] for a in answers if a.status_code == 201}) == 1
    with inside(harbour):
        assert Order.objects.count() == 1


def test_a_changed_price_is_told_and_nothing_is_placed(
    api: Api, harbour: Distributor, inside: Inside
) -> None:
    body = _asked(api)
    with inside(harbour):
        set_retail_percent(percent=Decimal(99), at=clock.now())
    answer = api.post("/orders", body, key="k")
    now = api.post("/quotes", {"items": body["items"]}).told["total"]
    assert (answer.status_code, answer.told["code"]) == (409, "order.price_changed")
    assert (answer.told["shown"], answer.told["now"]) == (body["shown_total"], now)
    with inside(harbour):
        assert not Order.objects.exists()
    # A refusal had no effect, so the key is still free for the agreed price.
    assert api.post("/orders", body | {"shown_total": now}, key="k").status_code == 201


@pytest.mark.parametrize("shown", [12.5, 12, "12.345", "-1", "1e3", "１２"])
def test_a_total_that_is_no_amount_is_refused(api: Api, shown: Any) -> None:
    answer = api.post("/orders", _asked(api, shown_total=shown), key="k")
    assert (answer.status_code, answer.told["errors"][0]["field"]) == (422, "shown_total")


def test_other_terms_are_not_agreed_to(api: Api) -> None:
    answer = api.post("/orders", _asked(api, terms_version="1999-01"), key="k")
    assert (answer.status_code, answer.told["code"]) == (422, "order.terms_not_accepted")


def test_orders_come_in_pages_in_a_fixed_number_of_queries(several: Api) -> None:
    for per_page in (1, 3):
        with CaptureQueriesContext(connection) as queries:
            told = several.get(f"/orders?per_page={per_page}").told
        assert (told["total"], len(told["items"])) == (3, per_page)
        assert len(queries) == 4  # the shop, the token, the count, the rows
    numbers = [
        several.get(f"/orders?per_page=1&page={n}").told["items"][0]["id"] for n in (1, 2, 3)
    ]
    assert numbers == [item["id"] for item in several.get("/orders").told["items"]]
    assert several.get("/orders?state=PAID").told["total"] == 0
    assert several.get("/orders?state=AWAITING_PAYMENT").told["total"] == 3


def test_an_order_is_read_in_a_fixed_number_of_queries(api: Api) -> None:
    for quantity in (1, 10):
        order = api.order(quantity=quantity)
        with CaptureQueriesContext(connection) as queries:
            assert len(api.get(f"/orders/{order['id']}").told["lines"]) == quantity
        assert len(queries) == 6  # the shop, the token, the order, lines, suppliers, plans


def test_paying_from_the_balance_holds_the_sum_and_is_done_once(rich: Api) -> None:
    order = rich.order(quantity=2, hours=5)
    paid = rich.post(f"/orders/{order['id']}/pay", {"method": "BALANCE"})
    assert paid.status_code == 200
    assert (paid.told["order"]["state"], paid.told["payment"]) == ("PAID", None)
    again = rich.post(f"/orders/{order['id']}/pay", {"method": "BALANCE"})
    assert (again.status_code, again.told["code"]) == (409, "order.not_awaiting_payment")
    left = Decimal("100000.00") - Decimal(order["total"])
    assert rich.get("/balance").told == {
        "available": str(left),
        "paid": str(left),
        "gifted": "0.00",
        "promo": "0.00",
        "held": order["total"],
        "currency": "CNY",
    }


def test_too_small_a_balance_pays_nothing(api: Api) -> None:
    order = api.order()
    answer = api.post(f"/orders/{order['id']}/pay", {"method": "BALANCE"})
    assert (answer.status_code, answer.told["code"]) == (409, "ledger.floor_breached")
    assert api.get(f"/orders/{order['id']}").told["state"] == "AWAITING_PAYMENT"
    assert api.get("/balance").told["held"] == "0.00"


def test_a_shop_without_alipay_says_so(api: Api) -> None:
    order = api.order()
    answer = api.post(f"/orders/{order['id']}/pay", {"method": "ALIPAY_PAGE"})
    assert (answer.status_code, answer.told["code"]) == (409, "payments.no_merchant_account")
    assert api.post(f"/orders/{order['id']}/pay", {"method": "CASH"}).status_code == 422


def test_an_unpaid_order_is_cancelled_once_by_its_customer(
    api: Api, harbour: Distributor, inside: Inside
) -> None:
    order = api.order()
    told = api.post(f"/orders/{order['id']}/cancel", {"reason": "不需要了"}).told
    assert (told["state"], told["lines"][0]["state"]) == ("CANCELLED", "CANCELLED")
    again = api.post(f"/orders/{order['id']}/cancel", {})
    assert (again.status_code, again.told["code"]) == (409, "order.not_awaiting_payment")
    with inside(harbour):
        who = world.customer().user
        kept = Record.objects.get(action="order.cancel")
        assert (kept.actor_id, kept.note) == (str(who.public_id), "不需要了")


def test_an_order_of_somebody_else_does_not_exist(
    api: Api, harbour: Distributor, north: Distributor, api_for: ApiFor, inside: Inside
) -> None:
    order = api.order()
    for stranger in (api_for(harbour, "客户乙"), api_for(north)):
        assert stranger.get("/orders").told["total"] == 0
        for answer in (
            stranger.get(f"/orders/{order['id']}"),
            stranger.get(f"/orders/{order['id']}/payments"),
            stranger.post(f"/orders/{order['id']}/cancel", {}),
            stranger.post(f"/orders/{order['id']}/pay", {"method": "BALANCE"}),
        ):
            assert (answer.status_code, answer.told["code"]) == (404, "order.not_found")
    assert api.get(f"/orders/{order['id']}").told["state"] == "AWAITING_PAYMENT"


# ---- the cart


@pytest.fixture
def withdrawn(api: Api) -> Iterator[str]:
    """The name of a plan that was taken off the shelf after it was put into the cart."""
    choice = api.choice(text="H100")
    api.post("/cart/items", choice, key="withdrawn")
    with tenancy.shared():
        Plan.objects.filter(public_id=choice["plan_id"]).update(state=PlanState.PAUSED)
    yield choice["plan_id"]


def test_the_cart_adds_up_changes_and_empties(api: Api) -> None:
    choice = api.choice(hours=24)
    added = api.post("/cart/items", choice, key="a")
    assert added.status_code == 201
    assert api.post("/cart/items", choice, key="a").told == added.told  # repeated: not added again
    item = api.post("/cart/items", choice, key="b").told["items"][0]
    assert item["quantity"] == 2
    assert item["amount"] == str(Decimal(item["hourly"]) * 48)
    changed = api.put(f"/cart/items/{item['id']}", {"quantity": 3, "hours": 1}).told
    assert (changed["items"][0]["quantity"], changed["items"][0]["hours"]) == (3, 1)
    assert changed["total"] == str(Decimal(item["hourly"]) * 3)
    gone = api.delete(f"/cart/items/{item['id']}")
    assert (gone.status_code, gone.told) == (204, None)
    assert api.get("/cart").told["items"] == []
    assert api.delete(f"/cart/items/{item['id']}").told["code"] == "order.cart_item_not_found"


def test_what_is_no_longer_sold_stays_visible_and_is_not_counted(api: Api, withdrawn: str) -> None:
    told = api.post("/cart/items", api.choice(), key="k").told
    by_plan = {item["plan_id"]: item for item in told["items"]}
    gone = by_plan.pop(withdrawn)
    assert (gone["available"], gone["hourly"], gone["amount"]) == (False, None, None)
    assert gone["name"]
    (kept,) = by_plan.values()
    assert (kept["available"], told["total"]) == (True, kept["amount"])


def test_a_cart_takes_a_fixed_number_of_queries(api: Api, withdrawn: str) -> None:
    for hours in range(1, 6):
        api.post("/cart/items", api.choice(hours=hours), key=f"k{hours}")
    with CaptureQueriesContext(connection) as queries:
        assert len(api.get("/cart").told["items"]) == 6
    assert (
        len(queries) == 6
    )  # the shop, the token, the customer, the items, the percent, the prices


def test_an_item_of_somebody_elses_cart_does_not_exist(
    api: Api, harbour: Distributor, api_for: ApiFor, inside: Inside
) -> None:
    item = api.post("/cart/items", api.choice(), key="k").told["items"][0]
    stranger = api_for(harbour, "客户乙")
    assert stranger.get("/cart").told["items"] == []
    path = f"/cart/items/{item['id']}"
    assert stranger.put(path, {"quantity": 9, "hours": 9}).status_code == 404
    assert stranger.delete(path).status_code == 404
    with inside(harbour):
        kept = CartItem.objects.get()
        assert (kept.quantity, kept.hours) == (1, 1)


def test_ordering_takes_what_was_ordered_out_of_the_cart(api: Api) -> None:
    body = _asked(api)
    choice = body["items"][0]
    api.post("/cart/items", choice, key="cart")
    api.post("/orders", body, key="order")
    assert api.get("/cart").told["items"] == []
