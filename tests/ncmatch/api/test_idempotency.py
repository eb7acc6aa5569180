"""A request that is sent again takes effect once: repeated, refused, interrupted, at the same time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from shared_apps.distributors.models import Distributor
from shared_apps.identity import services
from shared_apps.identity.models import IdempotentRequest
from tenant_apps.customers.models import Notice
from tests import world
from tests.conftest import Inside

pytestmark = pytest.mark.usefixtures("small_api")
ClientFor = Callable[..., Client]
Send = Callable[..., Any]


@pytest.fixture
def send(db: None, north: Distributor, client_for: ClientFor, inside: Inside) -> Send:
    with inside(north):
        user = world.customer().user

    def post(key: str | None, path: str = "/orders/", **body: Any) -> Any:
        headers = {} if key is None else {"Idempotency-Key": key}
        return client_for(north, user).post(path, body, "application/json", headers=headers)

    return post


@pytest.fixture
def effects(db: None, north: Distributor, inside: Inside) -> Callable[[], int]:
    def count() -> int:
        with inside(north):
            return Notice.objects.count()

    return count


def test_a_repeat_gets_the_same_answer_and_no_second_effect(
    send: Send, effects: Callable[[], int]
) -> None:
    first, second = send("k"), send("k")
    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    assert "Idempotent-Replayed" not in first
    assert second["Idempotent-Replayed"] == "true"
    assert effects() == 1
    assert send("another").status_code == 201
    assert effects() == 2


@pytest.mark.parametrize("key", [None, "", "has space", "é", "k" * 256])
def test_a_key_is_needed(key: str | None, send: Send, effects: Callable[[], int]) -> None:
    answer = send(key)
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency.key_missing")
    assert effects() == 0


@pytest.mark.parametrize(("path", "body"), [("/orders/", {"more": 1}), ("/orders/?a=1", {})])
def test_another_request_under_the_same_key_is_refused(
    path: str, body: dict[str, Any], send: Send, effects: Callable[[], int]
) -> None:
    send("k")
    answer = send("k", path, **body)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency.key_reused")
    assert effects() == 1


@pytest.mark.parametrize(("then", "status"), [("refuse", 409), ("say no", 409)])
def test_a_refusal_leaves_nothing_and_may_be_tried_again(
    then: str,
    status: int,
    send: Send,
    effects: Callable[[], int],
    north: Distributor,
    inside: Inside,
) -> None:
    assert send("k", then=then).status_code == status
    assert effects() == 0
    with inside(north):
        assert not IdempotentRequest.objects.exists()
    assert send("k").status_code == 201
    assert effects() == 1


def test_a_crash_leaves_nothing_and_the_repeat_takes_effect_once(
    send: Send, effects: Callable[[], int]
) -> None:
    with pytest.raises(RuntimeError):
        send("k", then="crash")
    assert effects() == 0
    assert send("k").status_code == 201
    assert send("k")["Idempotent-Replayed"] == "true"
    assert effects() == 1


def test_while_one_runs_the_same_key_waits_outside(
    send: Send, effects: Callable[[], int], north: Distributor, inside: Inside
) -> None:
    with inside(north):
        user = world.customer().user
    name = f"idempotency:{north.schema_name}:{user.pk}:k"
    with world.Owner().connect(settings.DATABASES["default"]["NAME"]) as link, link.transaction():
        link.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
        answer = send("k")
        assert (answer.status_code, answer.json()["code"]) == (409, "idempotency.in_flight")
        assert answer["Retry-After"] == "1"
        assert effects() == 0
        assert send("other").status_code == 201
    assert send("k").status_code == 201


def test_two_peoples_keys_never_meet(
    send: Send,
    effects: Callable[[], int],
    north: Distributor,
    client_for: ClientFor,
    inside: Inside,
) -> None:
    send("k")
    with inside(north):
        other = world.customer("客户乙").user
    answer = client_for(north, other).post(
        "/orders/", {}, "application/json", headers={"Idempotency-Key": "k"}
    )
    assert answer.status_code == 201 and "Idempotent-Replayed" not in answer
    assert effects() == 2


def test_a_visitor_is_not_asked_for_a_key(
    db: None, north: Distributor, client_for: ClientFor
) -> None:
    assert client_for(north).post("/orders/", {}, "application/json").status_code == 401


def test_twelve_at_once_take_effect_once(
    committed: None, north: Distributor, client_for: ClientFor, inside: Inside
) -> None:
    with inside(north):
        token = services.issue_token(user=world.customer().user, name="并发")[1]
    headers = {"Idempotency-Key": "k", "Authorization": f"Bearer {token}"}

    def post(_which: int) -> int:
        try:
            answer = client_for(north).post("/orders/", {}, "application/json", headers=headers)
            return answer.status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=12) as pool:
        statuses = Counter(pool.map(post, range(12)))
    assert set(statuses) <= {201, 409} and statuses[201] >= 1
    with inside(north):
        assert Notice.objects.count() == 1
        assert IdempotentRequest.objects.count() == 1
