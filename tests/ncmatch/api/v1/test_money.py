"""A customer's money over the API: balance, statement, recharges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.ledger.models import Account
from billing.ledger.services import rules
from billing.payments.models import PaymentIntent
from billing.payments.services.accounts import connect_account
from shared_apps.audit.models import Record
from shared_apps.distributors.models import Distributor
from shared_apps.kernel import clock
from shared_apps.kernel.money import Money
from tests import world
from tests.conftest import Inside
from tests.sandbox_process import new_key_pair

from .conftest import Api, ApiFor

NOON = datetime(2026, 3, 1, 4, tzinfo=UTC)


@pytest.fixture
def moved(api: Api, harbour: Distributor, inside: Inside) -> Api:
    """Two recharges in March, and an order paid from them now."""
    with inside(harbour):
        world.recharge(world.customer(), Money.of("100.00"), at=NOON)
        world.recharge(world.customer(), Money.of("50.00"), at=NOON + timedelta(days=1))
        world.recharge(world.customer("客户乙"), Money.of("7.00"), at=NOON)
    order = api.order(quantity=2, hours=3)
    assert api.post(f"/orders/{order['id']}/pay", {"method": "BALANCE"}).status_code == 200
    return api


@pytest.fixture
def with_alipay(harbour: Distributor, inside: Inside, settings: Any) -> None:
    settings.ALIPAY_GATEWAY_URL = "https://alipay.test/gateway.do"
    private, public = new_key_pair()
    with inside(harbour):
        connect_account(
            provider="ALIPAY",
            app_id="2021000000000001",
            seller_id="2088000000000001",
            settings={"provider_public_key": public},
            secret={"private_key": private},
        )


def test_a_new_customer_has_nothing(api: Api) -> None:
    nothing = dict.fromkeys(("available", "paid", "gifted", "promo", "held"), "0.00")
    assert api.get("/balance").told == nothing | {"currency": "CNY"}
    assert api.get("/balance/entries").told == {
        "items": [],
        "page": 1,
        "pages": 1,
        "per_page": 20,
        "total": 0,
    }


def test_the_statement_is_newest_first_and_runs_from_line_to_line(moved: Api) -> None:
    told = moved.get("/balance/entries").told
    assert told["total"] == 4
    assert [line["kind"] for line in told["items"]] == ["hold", "hold", "recharge", "recharge"]
    newest = told["items"][0]
    balance = moved.get("/balance").told
    assert (newest["available_after"], newest["held_after"]) == (
        balance["available"],
        balance["held"],
    )
    available = held = Decimal(0)
    for line in reversed(told["items"]):
        available += Decimal(line["available_change"])
        held += Decimal(line["held_change"])
        assert (Decimal(line["available_after"]), Decimal(line["held_after"])) == (available, held)
    assert available + held == Decimal("150.00")


def test_the_statement_comes_in_pages_and_periods(moved: Api) -> None:
    pages = [moved.get(f"/balance/entries?per_page=1&page={n}").told for n in (1, 2, 3, 4, 9)]
    assert [page["page"] for page in pages] == [1, 2, 3, 4, 4]
    everything = moved.get("/balance/entries").told["items"]
    assert [page["items"][0] for page in pages[:4]] == everything
    since = (NOON + timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    until = (NOON + timedelta(days=1)).isoformat().replace("+00:00", "Z")
    assert moved.get(f"/balance/entries?since={since}").told["items"] == everything[:3]
    assert moved.get(f"/balance/entries?until={until}").told["items"] == everything[3:]
    assert moved.get(f"/balance/entries?since={since}&until={until}").told["total"] == 0
    assert moved.get("/balance/entries?since=yesterday").status_code == 422


def test_the_statement_takes_a_fixed_number_of_queries(moved: Api) -> None:
    for per_page in (1, 4):
        with CaptureQueriesContext(connection) as queries:
            assert len(moved.get(f"/balance/entries?per_page={per_page}").told["items"]) == per_page
        assert len(queries) == 4  # the shop, the token, the customer, the lines


def test_each_customer_sees_their_own_money_only(
    moved: Api, harbour: Distributor, north: Distributor, api_for: ApiFor
) -> None:
    assert api_for(harbour, "客户乙").get("/balance").told["available"] == "7.00"
    assert api_for(harbour, "客户乙").get("/balance/entries").told["total"] == 1
    assert api_for(north).get("/balance").told["available"] == "0.00"


def test_the_balance_stands_where_the_shops_own_rule_puts_it(
    api: Api, harbour: Distributor, inside: Inside
) -> None:
    """账务全配置: a shop that keeps its customers' money under another account is read there."""
    with inside(harbour):
        free = Account.objects.get(code="220301")
        Account.objects.create(
            code="220309",
            name="会员余额",
            kind=free.kind,
            parent=free.parent,
            takes=free.takes,
            floor_minor=0,
        )
        for event in ("hold", "recharge"):
            version = rules.draft(event=event, at=clock.now())
            for rule in version.rules.all():
                rule.lines = [
                    {**line, "account": line["account"].replace("220301", "220309")}
                    for line in rule.lines
                ]
                rule.save()
            rules.switch_on(version=version, starts_at=None, at=clock.now())
        world.recharge(world.customer(), Money.of("12.30"))
    assert api.get("/balance").told["available"] == "12.30"
    assert api.get("/balance/entries").told["items"][0]["available_after"] == "12.30"


def test_a_recharge_opens_a_payment_and_moves_nothing_yet(
    api: Api, with_alipay: None, harbour: Distributor, inside: Inside
) -> None:
    answer = api.post("/recharges", {"amount": "88.80", "method": "ALIPAY_PAGE"})
    assert answer.status_code == 201
    told = answer.told
    assert (told["state"], told["amount"], told["refunded"], told["paid_at"]) == (
        "OPEN",
        "88.80",
        "0.00",
        None,
    )
    assert told["redirect_url"].startswith("https://alipay.test/gateway.do?")
    assert (
        "http%3A%2F%2Fharbour.ncmatch.localhost%2Fpayments%2Falipay%2Fnotify%2F"
        in told["redirect_url"]
    )
    assert told["qr_content"] is None
    assert api.get(f"/recharges/{told['id']}").told == told
    assert api.get("/balance").told["available"] == "0.00"
    with inside(harbour):
        kept = Record.objects.get(action="customer.start_recharge")
        assert kept.after == {"amount": "88.80", "method": "ALIPAY_PAGE"}
        assert kept.actor_id == str(world.customer().user.public_id)


@pytest.mark.parametrize("amount", ["0.99", "1000000.01", "0", "1.234", "-5", 5, "NaN"])
def test_an_impossible_recharge_is_refused(
    api: Api, with_alipay: None, amount: Any, harbour: Distributor, inside: Inside
) -> None:
    answer = api.post("/recharges", {"amount": amount, "method": "ALIPAY_PAGE"})
    assert (answer.status_code, answer.told["errors"][0]["field"]) == (422, "amount")
    with inside(harbour):
        assert not PaymentIntent.objects.exists()


def test_somebody_elses_recharge_does_not_exist(
    api: Api, with_alipay: None, harbour: Distributor, api_for: ApiFor
) -> None:
    told = api.post("/recharges", {"amount": "10.00", "method": "ALIPAY_PAGE"}).told
    assert api_for(harbour, "客户乙").get(f"/recharges/{told['id']}").status_code == 404


def test_an_open_payment_of_an_order_is_used_again(api: Api, with_alipay: None) -> None:
    order = api.order()
    path = f"/orders/{order['id']}"
    first = api.post(f"{path}/pay", {"method": "ALIPAY_PAGE"}).told
    second = api.post(f"{path}/pay", {"method": "ALIPAY_PAGE"}).told
    assert first["payment"]["redirect_url"] == second["payment"]["redirect_url"]
    assert first["order"]["state"] == "AWAITING_PAYMENT"
    assert (
        f"harbour.ncmatch.localhost%2Forders%2F{order['id']}%2F" in first["payment"]["redirect_url"]
    )
    listed = api.get(f"{path}/payments").told
    assert (listed["total"], listed["items"]) == (1, [second["payment"]])
    # A payment of an order is no recharge.
    assert api.get(f"/recharges/{first['payment']['id']}").status_code == 404
