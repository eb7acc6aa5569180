"""Offers over the API: this shop's prices, to the fen, for anybody."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.pricing.services import set_retail_percent
from shared_apps.catalog.queries import find_offers
from shared_apps.distributors.models import Distributor
from shared_apps.kernel import clock
from shared_apps.kernel.money import charge
from tests import world
from tests.conftest import Inside

from .conftest import Api, ApiFor


def _hourly(told: dict[str, Any]) -> list[Decimal]:
    return [Decimal(item["plans"][0]["hourly"]) for item in told["items"]]


def test_prices_are_this_shops_own_per_hour_and_to_the_fen(
    visitor: Api, harbour: Distributor, inside: Inside
) -> None:
    with inside(harbour):
        row = find_offers(at=clock.now(), text="A100").rows[0]
    item = visitor.get("/offers?q=A100").told["items"][0]
    assert item["id"] == str(row.public_id)
    assert row.on_demand is not None and row.on_demand.per_gpu_hourly is not None
    share = world.RETAIL_PERCENT / 100
    assert item["plans"][0] == {
        "id": str(row.on_demand.public_id),
        "kind": "ON_DEMAND",
        "hourly": str(charge(row.on_demand.list_hourly * share, Decimal(1))),
        "per_gpu_hourly": str(
            charge(row.on_demand.list_hourly / row.gpu_count * share, Decimal(1))
        ),
        "currency": "CNY",
    }
    assert item["gpu"]["count"] == row.gpu_count
    assert item["hub"] == {"code": row.hub_code, "name": row.hub_name, "basis": "DEMO"}
    assert item["buyable"] is True


def test_each_shop_shows_its_own_price(
    db: None, harbour: Distributor, rival: Distributor, api_for: ApiFor, inside: Inside
) -> None:
    with inside(rival):
        set_retail_percent(percent=Decimal(50), at=clock.now())
    at_harbour = api_for(harbour, None).get("/offers?q=H100").told
    at_rival = api_for(rival, None).get("/offers?q=H100").told
    assert [i["id"] for i in at_harbour["items"]] == [i["id"] for i in at_rival["items"]]
    for dear, cheap in zip(_hourly(at_harbour), _hourly(at_rival), strict=True):
        assert abs(dear * 50 / world.RETAIL_PERCENT - cheap) < Decimal("0.02")


def test_the_ends_of_a_price_filter_are_shop_prices_and_both_count(visitor: Api) -> None:
    prices = sorted(_hourly(visitor.get("/offers?sort=PRICE&per_page=100").told))
    low, high = prices[10], prices[20]
    found = visitor.get(f"/offers?sort=PRICE&per_page=100&price_min={low}&price_max={high}").told
    within = [price for price in prices if low <= price <= high]
    assert _hourly(found) == within
    assert found["total"] == len(within)
    # The filter itself does not narrow what it could be set to.
    assert (Decimal(found["facets"]["price_min"]), found["facets"]["price_max"]) == (
        prices[0],
        visitor.get("/offers").told["facets"]["price_max"],
    )


def test_a_budget_in_the_text_bounds_the_price(visitor: Api) -> None:
    found = visitor.get("/offers?q=A100 20元/小时&per_page=100").told
    assert found["total"] > 0
    assert all(price <= 20 for price in _hourly(found))
    assert found["total"] < visitor.get("/offers?q=A100").told["total"]


def test_filters_facets_and_pages_agree(visitor: Api) -> None:
    everything = visitor.get("/offers").told
    model = everything["facets"]["gpu_models"][0]
    one = visitor.get(f"/offers?gpu_model={model['value']}&per_page=2").told
    assert one["total"] == model["count"]
    assert len(one["items"]) == min(2, one["total"])
    assert all(item["gpu"]["model"] == model["value"] for item in one["items"])
    assert [f["selected"] for f in one["facets"]["gpu_models"]].count(True) == 1
    last = visitor.get(f"/offers?gpu_model={model['value']}&per_page=2&page=999").told
    assert last["page"] == last["pages"] == one["pages"]
    both = everything["facets"]["gpu_models"][:2]
    several = visitor.get("/offers?gpu_model=" + ",".join(f["value"] for f in both)).told
    assert several["total"] == sum(f["count"] for f in both)
    spot = visitor.get("/offers?spot=true").told
    assert spot["total"] == everything["facets"]["spot"] > 0


def test_a_page_of_offers_takes_five_queries_however_long_it_is(visitor: Api) -> None:
    for per_page in (1, 100):
        with CaptureQueriesContext(connection) as queries:
            assert visitor.get(f"/offers?per_page={per_page}").status_code == 200
        # Which shop this is (remembered outside of tests), its percent, and the catalogue's three.
        assert len(queries) == 5


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("per_page=101", "per_page"),
        ("page=0", "page"),
        ("price_min=1.234", "price_min"),
        ("price_max=cheap", "price_max"),
        ("gpu_count=many", "gpu_count.0"),
        ("gpu_count=99999999999", "gpu_count.0"),
        ("sort=RANDOM", "sort"),
        ("q=" + "长" * 201, "q"),
        ("q=%00", "q"),
        ("gpu_model=%00", "gpu_model.0"),
    ],
)
def test_what_cannot_be_asked_is_said_by_field(visitor: Api, query: str, field: str) -> None:
    answer = visitor.get(f"/offers?{query}")
    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"
    assert [error["field"] for error in answer.told["errors"]] == [field]


def test_one_offer(visitor: Api) -> None:
    item = visitor.get("/offers").told["items"][0]
    assert visitor.get(f"/offers/{item['id']}").told == item
    missing = visitor.get("/offers/0199f000-0000-7000-8000-000000000000")
    assert (missing.status_code, missing.told["code"]) == (404, "catalog.offer_not_found")


def test_a_comparison_is_in_the_order_asked_for_and_in_shop_prices(visitor: Api) -> None:
    items = visitor.get("/offers?q=H100&per_page=3").told["items"]
    ids = [item["id"] for item in reversed(items)]
    told = visitor.get("/offers/compare?ids=" + ",".join(ids)).told
    assert [offer["id"] for offer in told["offers"]] == ids
    facts = {fact["key"]: fact for fact in told["facts"]}
    assert facts["hourly"]["values"] == [i["plans"][0]["hourly"] for i in reversed(items)]
    assert facts["per_gpu"]["values"] == [i["plans"][0]["per_gpu_hourly"] for i in reversed(items)]
    five = ",".join(item["id"] for item in visitor.get("/offers?per_page=5").told["items"])
    answer = visitor.get(f"/offers/compare?ids={five}")
    assert (answer.status_code, answer.told["code"]) == (422, "catalog.too_many_to_compare")
    assert visitor.get("/offers/compare").status_code == 422
    assert visitor.get("/offers/compare?ids=nonsense").status_code == 422
