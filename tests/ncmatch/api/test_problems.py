"""Refusals as RFC 9457 problem details."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from shared_apps.distributors.models import Distributor

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("small_api")]
ClientFor = Callable[..., Client]


@pytest.mark.parametrize(
    ("how", "status", "code", "detail"),
    [
        ("missing", 404, "not_found", "没有找到您要的内容。它可能已被删除，或者不属于当前账户。"),
        ("forbidden", 403, "forbidden", "您的账号没有这项权限，请联系管理员。"),
        ("short", 409, "test.short", "还差 12.34 元。"),
        ("unknown", 502, "provider.outcome_unknown", "正在向对方确认结果，请勿重复操作。"),
    ],
)
def test_every_refusal_has_the_same_form(
    how: str, status: int, code: str, detail: str, north: Distributor, client_for: ClientFor
) -> None:
    answer = client_for(north).get(f"/refuse/{how}/")
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem == {
        "type": f"urn:ncmatch:problem:{code}",
        "title": problem["title"],
        "status": status,
        "detail": detail,
        "instance": f"/refuse/{how}/",
        "code": code,
    }
    assert problem["title"]
    assert "secret" not in answer.content.decode()


def test_a_wrong_field_is_named(north: Distributor, client_for: ClientFor) -> None:
    problem = client_for(north).get("/refuse/field/").json()
    assert problem["status"] == 422
    assert [(e["field"], e["code"]) for e in problem["errors"]] == [("quantity", "invalid")]


def test_nested_fields_are_named_by_their_path(north: Distributor, client_for: ClientFor) -> None:
    answer = client_for(north).post(
        "/refuse/", {"lines": [{"quantity": 1}, {"quantity": 0}]}, "application/json"
    )
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "invalid")
    assert [(e["field"], e["code"]) for e in problem["errors"]] == [
        ("name", "required"),
        ("lines.1.quantity", "min_value"),
    ]
    problem = client_for(north).post("/refuse/", [1], "application/json").json()
    assert [e["field"] for e in problem["errors"]] == [""]


@pytest.mark.parametrize(
    ("send", "status", "code"),
    [
        (lambda c: c.post("/refuse/", "{", "application/json"), 400, "parse_error"),
        (lambda c: c.post("/refuse/", "<a/>", "text/xml"), 415, "unsupported_media_type"),
        (lambda c: c.delete("/refuse/"), 405, "method_not_allowed"),
        (lambda c: c.get("/who/"), 401, "not_authenticated"),
    ],
)
def test_the_frameworks_own_refusals_too(
    send: Callable[[Client], Any], status: int, code: str, north: Distributor, client_for: ClientFor
) -> None:
    answer = send(client_for(north))
    assert answer["Content-Type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_what_nobody_foresaw_stays_a_server_error(
    north: Distributor, client_for: ClientFor
) -> None:
    with pytest.raises(KeyError):
        client_for(north).get("/refuse/otherwise/")
