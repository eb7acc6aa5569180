"""Programs that hold a customer's token, on a shop's own routes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from shared_apps.distributors.models import Distributor
from shared_apps.identity import services as identity
from shared_apps.kernel import clock
from shared_apps.kernel.ids import new_id
from tests import world
from tests.conftest import Inside

V1 = "/api/v1"


class Api:
    """One program. `get`, `post`, … take a path below /api/v1 and give back status and JSON."""

    def __init__(self, client: Client, token: str | None) -> None:
        self.client = client
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        answer: Any = self.client.generic(
            method,
            V1 + path,
            b"" if body is None else json.dumps(body).encode(),
            content_type="application/json",
            headers={**self.headers, **headers},
        )
        answer.told = json.loads(answer.content) if answer.content else None
        return answer

    def get(self, path: str) -> Any:
        return self.call("GET", path)

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> Any:
        named = {"Idempotency-Key": key} if key else {}
        return self.call("POST", path, body, **named)

    def put(self, path: str, body: Any) -> Any:
        return self.call("PUT", path, body)

    def delete(self, path: str) -> Any:
        return self.call("DELETE", path)

    def order(self, *, hours: int = 1, quantity: int = 1, text: str = "A100") -> Any:
        """Buys the cheapest of what the text finds, by the routes a program would take."""
        items = [self.choice(hours=hours, quantity=quantity, text=text)]
        quote = self.post("/quotes", {"items": items}).told
        return self.post(
            "/orders",
            {
                "items": items,
                "shown_total": quote["total"],
                "terms_version": quote["terms_version"],
            },
            key=str(new_id()),
        ).told

    def choice(self, *, hours: int = 1, quantity: int = 1, text: str = "A100") -> dict[str, Any]:
        offer = self.get(f"/offers?q={text}&per_page=1").told["items"][0]
        return {"plan_id": offer["plans"][0]["id"], "quantity": quantity, "hours": hours}


ApiFor = Callable[..., Api]


@pytest.fixture(autouse=True)
def small_api() -> None:
    """The shop's own routes here, not the small API of the tests beside."""


@pytest.fixture
def api_for(client_for: Callable[..., Client], inside: Inside) -> ApiFor:
    """A program at a shop: with the token of the customer of that name, or without any."""

    def make(shop: Distributor, name: str | None = "客户甲") -> Api:
        token = None
        if name is not None:
            with inside(shop):
                user = world.customer(name).user
                kept, token = identity.issue_token(user=user, name="测试程序")
                identity.note_token_use(token=kept, at=clock.now())  # so that no later request does
        return Api(client_for(shop), token)

    return make


@pytest.fixture
def api(db: None, harbour: Distributor, api_for: ApiFor) -> Api:
    return api_for(harbour)


@pytest.fixture
def visitor(db: None, harbour: Distributor, api_for: ApiFor) -> Api:
    return api_for(harbour, None)
