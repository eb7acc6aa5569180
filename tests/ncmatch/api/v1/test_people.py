"""Who asks, and the tokens they ask with."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from shared_apps.audit.models import Record
from shared_apps.distributors.models import Distributor
from shared_apps.identity.enums import Role
from shared_apps.identity.models import ApiToken, User
from shared_apps.kernel import clock, tenancy
from tests import world
from tests.conftest import Inside

from .conftest import V1, Api, ApiFor

CUSTOMERS_ONLY = (
    ("GET", "/cart"),
    ("GET", "/orders"),
    ("GET", "/resources"),
    ("GET", "/balance"),
    ("GET", "/balance/entries"),
    ("GET", "/me"),
    ("GET", "/tokens"),
    ("POST", "/orders"),
    ("POST", "/cart/items"),
    ("POST", "/recharges"),
    ("POST", "/tokens"),
)


@pytest.fixture
def browser(
    db: None, harbour: Distributor, client_for: Callable[..., Client], inside: Inside
) -> Client:
    """A customer logged in on the site, whose requests must carry the site's own mark."""
    with inside(harbour):
        user = world.customer().user
    return client_for(harbour, user)


def _make(client: Client, **body: Any) -> Any:
    return client.post(f"{V1}/tokens", {"name": "程序", **body}, "application/json")


def test_me(api: Api, harbour: Distributor, inside: Inside) -> None:
    with inside(harbour):
        who = world.customer()
    told = api.get("/me").told
    assert told["id"] == str(who.public_id)
    assert (told["name"], told["number"]) == ("客户甲", who.number)
    assert told["phone"] == who.user.masked_phone
    assert "13900000001" not in json.dumps(told)


@pytest.mark.parametrize(("method", "path"), CUSTOMERS_ONLY)
def test_only_customers_come_in(
    method: str,
    path: str,
    visitor: Api,
    harbour: Distributor,
    client_for: Callable[..., Client],
    inside: Inside,
) -> None:
    nobody = visitor.call(method, path, {} if method == "POST" else None)
    assert (nobody.status_code, nobody["WWW-Authenticate"]) == (401, 'Bearer realm="api"')
    with inside(harbour):
        staff = world.staff(Role.ADMIN)
    answer = client_for(harbour, staff).generic(method, V1 + path, content_type="application/json")
    assert (answer.status_code, json.loads(answer.content)["code"]) == (404, "not_found")


def test_a_token_of_one_shop_opens_nothing_at_another(
    api: Api, north: Distributor, client_for: Callable[..., Client]
) -> None:
    answer = Api(client_for(north), api.headers["Authorization"].split()[1]).get("/me")
    assert (answer.status_code, answer.told["code"]) == (401, "token")


def test_a_wrong_token_is_refused_even_where_anybody_may_come(
    harbour: Distributor, db: None, client_for: Callable[..., Client]
) -> None:
    assert Api(client_for(harbour), "ncm_wrong").get("/offers").status_code == 401


def test_a_token_is_made_in_the_browser_shown_once_and_opens_the_api(
    browser: Client, harbour: Distributor, client_for: Callable[..., Client], inside: Inside
) -> None:
    answer = _make(browser)
    assert answer.status_code == 201
    text = answer.json()["token"]
    assert text.startswith("ncm_")
    program = Api(client_for(harbour), text)
    assert program.get("/me").told["name"] == "客户甲"
    listed = program.get("/tokens").told
    assert [token["prefix"] for token in listed["items"]] == [text[:12]]
    assert text not in json.dumps(listed)
    with inside(harbour):
        assert not [
            r for r in Record.objects.all() if text in json.dumps([r.before, r.after, r.note])
        ]


def test_a_browsers_request_needs_the_sites_own_mark(
    db: None, harbour: Distributor, inside: Inside
) -> None:
    client = Client(headers={"host": "harbour.ncmatch.localhost"}, enforce_csrf_checks=True)
    with inside(harbour):
        client.force_login(world.customer().user)
    assert _make(client).status_code == 403
    with inside(harbour):
        assert not ApiToken.objects.exists()


def test_a_token_makes_no_token(api: Api, harbour: Distributor, inside: Inside) -> None:
    answer = api.post("/tokens", {"name": "又一个"})
    assert (answer.status_code, answer.told["code"]) == (403, "identity.token_makes_no_token")
    with inside(harbour):
        assert ApiToken.objects.count() == 1


def test_a_token_can_end_at_a_moment_to_come_only(browser: Client) -> None:
    soon = (clock.now() + timedelta(days=30)).isoformat()
    assert _make(browser, expires_at=soon).json()["expires_at"] is not None
    past = (clock.now() - timedelta(seconds=1)).isoformat()
    answer = _make(browser, expires_at=past)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "expires_at")


def test_a_revoked_token_opens_nothing(api: Api, browser: Client) -> None:
    token = api.get("/tokens").told["items"][0]
    assert browser.delete(f"{V1}/tokens/{token['id']}").status_code == 204
    assert api.get("/me").status_code == 401
    assert browser.delete(f"{V1}/tokens/{token['id']}").status_code == 204  # safe to repeat
    assert browser.get(f"{V1}/tokens").json()["items"][0]["revoked_at"] is not None


def test_nobody_revokes_anothers_token(api: Api, harbour: Distributor, api_for: ApiFor) -> None:
    token = api.get("/tokens").told["items"][0]
    assert api_for(harbour, "客户乙").delete(f"/tokens/{token['id']}").status_code == 404
    assert api.get("/me").status_code == 200


def test_a_closed_account_is_shut_out_at_once(
    api: Api, harbour: Distributor, inside: Inside
) -> None:
    with inside(harbour):
        User.objects.filter(pk=world.customer().user.pk).update(is_active=False)
    assert api.get("/me").status_code == 401


def test_the_exchange_has_no_shop_api(db: None, client_for: Callable[..., Client]) -> None:
    assert client_for(None).get(f"{V1}/offers").status_code == 404
    assert tenancy.current() is None
