"""Who may call the API, and what others are answered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from shared_apps.audit.models import Record
from shared_apps.distributors.models import Distributor
from shared_apps.identity import services
from shared_apps.identity.enums import Role
from shared_apps.identity.models import ApiToken, User
from shared_apps.kernel import clock
from tests import world
from tests.conftest import Inside

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("small_api")]
ClientFor = Callable[..., Client]


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


@pytest.fixture
def token(north: Distributor, inside: Inside) -> str:
    with inside(north):
        return services.issue_token(user=world.customer().user, name="测试")[1]


def test_a_token_acts_as_its_person_for_the_audit_too(
    north: Distributor, client_for: ClientFor, inside: Inside, token: str
) -> None:
    answer = client_for(north).get("/who/", headers=bearer(token))
    assert answer.json() == {"name": "客户甲", "kind": "CUSTOMER"}
    assert answer["Cache-Control"] == "private, no-store"
    with inside(north):
        asked = Record.objects.get(action="test.asked")
        assert asked.actor_id == str(world.customer().user.public_id)
        assert ApiToken.objects.get().last_used_at is not None


def test_a_token_is_refused_elsewhere_revoked_or_over(
    north: Distributor, rival: Distributor, client_for: ClientFor, inside: Inside, token: str
) -> None:
    def status(shop: Distributor, text: str) -> int:
        answer = client_for(shop).get("/who/", headers=bearer(text))
        if answer.status_code == 401:
            assert answer["WWW-Authenticate"] == 'Bearer realm="api"'
            assert answer.json()["code"] == "token"
        return answer.status_code

    assert status(north, token) == 200
    assert status(rival, token) == 401
    assert status(north, token[:-1]) == 401
    assert status(north, f"{token}é") == 401
    assert status(north, "") == 401
    with inside(north):
        over = services.issue_token(
            user=world.customer().user, name="过期", expires_at=clock.now() - timedelta(seconds=1)
        )[1]
        services.revoke_token(token=ApiToken.objects.get(name="测试"), at=clock.now())
    assert status(north, over) == 401
    assert status(north, token) == 401


def test_a_wrong_token_is_told_even_where_anybody_may_come(
    north: Distributor, client_for: ClientFor
) -> None:
    answer = client_for(north).get("/refuse/missing/", headers=bearer("ncm_wrong"))
    assert answer.status_code == 401


def test_a_sessions_post_needs_its_csrf_token(
    north: Distributor, client_for: ClientFor, inside: Inside
) -> None:
    with inside(north):
        user = world.customer().user
    client = client_for(north, user)
    client.handler.enforce_csrf_checks = True
    answer = client.post("/orders/", {}, "application/json", headers={"Idempotency-Key": "a"})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("path", "who", "status"),
    [
        ("/who/", None, 401),
        ("/who/", "客户甲", 200),
        ("/finance/", None, 401),
        ("/finance/", "客户甲", 404),
        ("/finance/", Role.SALES, 403),
        ("/finance/", Role.FINANCE, 200),
        ("/finance/", Role.ADMIN, 200),
        ("/orders/", Role.ADMIN, 404),
        ("/operator/", None, 404),
        ("/operator/", Role.SUPPORT, 404),
        ("/undeclared/", None, 403),
        ("/undeclared/", Role.ADMIN, 403),
    ],
)
def test_the_order_of_answers(
    path: str,
    who: str | None,
    status: int,
    north: Distributor,
    client_for: ClientFor,
    inside: Inside,
) -> None:
    assert asked(path, who, north, client_for, inside) == status


@pytest.mark.parametrize(("who", "status"), [(None, 401), (Role.SALES, 403), (Role.SUPPORT, 200)])
def test_the_operators_routes_exist_at_the_operator(
    who: str | None, status: int, operator: Distributor, client_for: ClientFor, inside: Inside
) -> None:
    assert asked("/operator/", who, operator, client_for, inside) == status


def asked(
    path: str, who: str | None, shop: Distributor, client_for: ClientFor, inside: Inside
) -> int:
    user: User | None = None
    with inside(shop):
        if who in Role.values:
            user = world.staff(str(who))
        elif who:
            user = world.customer(who).user
    client = client_for(shop, user)
    answer: Any = client.post(path) if path == "/orders/" else client.get(path)
    return int(answer.status_code)
