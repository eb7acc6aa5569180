"""So many requests a minute, and no more; and a plain word where no route is."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from ncmatch.api.throttling import PerAddress, PerPerson
from shared_apps.distributors.models import Distributor
from shared_apps.identity import services as identity
from tests import world
from tests.conftest import Inside

from .conftest import Api, ApiFor


@pytest.fixture
def three_a_minute(clean_cache: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for throttle in (PerPerson, PerAddress):
        monkeypatch.setattr(
            throttle, "THROTTLE_RATES", {"person": "3/min", "address": "3/min"}, raising=False
        )


def test_a_person_is_counted_over_all_their_tokens(
    three_a_minute: None,
    api: Api,
    harbour: Distributor,
    north: Distributor,
    client_for: Callable[..., Client],
    api_for: ApiFor,
    inside: Inside,
) -> None:
    with inside(harbour):
        _, text = identity.issue_token(user=world.customer().user, name="另一个程序")
    other = Api(client_for(harbour), text)
    assert [a.get("/me").status_code for a in (api, other, api, other)] == [200, 200, 200, 429]
    refused = api.get("/me")
    assert refused["Content-Type"] == "application/problem+json"
    assert (refused.told["code"], 0 < int(refused["Retry-After"]) <= 60) == ("throttled", True)
    # Neither another person nor another shop pays for it.
    assert api_for(harbour, "客户乙").get("/me").status_code == 200
    assert api_for(north).get("/me").status_code == 200


def test_an_address_is_counted_whatever_it_says_of_itself(
    three_a_minute: None, visitor: Api
) -> None:
    told = [
        visitor.call("GET", "/offers?per_page=1", **{"X-Forwarded-For": f"198.51.100.{n}"})
        for n in range(4)
    ]
    assert [answer.status_code for answer in told] == [200, 200, 200, 429]


@pytest.mark.parametrize("path", ["/", "/nothing", "/offers/", "/orders/7", "/openapi.json/x"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_where_no_route_is_a_program_is_told_so(method: str, path: str, visitor: Api) -> None:
    answer = visitor.call(method, path)
    assert (answer.status_code, answer.told["code"]) == (404, "not_found")
    assert answer["Content-Type"] == "application/problem+json"
