"""The OpenAPI document tells the whole truth, and the page that shows it keeps to the content policy."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema
from jsonschema import Draft4Validator  # type: ignore[import-untyped]

from ncmatch.api import document
from shared_apps.distributors.models import Distributor
from shared_apps.identity.access import policy_of
from shared_apps.kernel.money import Money
from tests import world
from tests.conftest import Inside

from .conftest import Api

AMOUNTS = re.compile(
    r"amount|shown_total|(per_gpu_)?hourly|price_(min|max)|(available|held)_\w+|held|refunded"
)


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    document.document.cache_clear()
    found: dict[str, Any] = json.loads(document.document())
    return found


@pytest.fixture(scope="module")
def operations(told: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method.upper(), path, operation)
        for path, methods in told["paths"].items()
        for method, operation in methods.items()
    ]


def _routes(patterns: list[Any], prefix: str = "/") -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, path)
        elif isinstance(pattern, URLPattern):
            yield re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", path), pattern.callback


def test_the_document_is_valid_and_made_without_a_warning(told: dict[str, Any]) -> None:
    with GENERATOR_STATS.silence():
        GENERATOR_STATS.reset()
        generator = SchemaGenerator(urlconf=document.URLCONF)  # type: ignore[no-untyped-call]
        generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
        assert not GENERATOR_STATS
    validate_schema(told)  # type: ignore[no-untyped-call]


def test_every_route_is_told_and_no_other(told: dict[str, Any]) -> None:
    routes = {
        path: view
        for path, view in _routes(get_resolver(document.URLCONF).url_patterns)
        if getattr(getattr(view, "cls", None), "schema", None)
    }
    assert set(told["paths"]) == set(routes)
    for path, view in routes.items():
        methods = {m.lower() for m in view.cls().allowed_methods} - {"options", "head"}
        assert set(told["paths"][path]) == methods


def test_what_a_route_says_of_access_is_what_it_declares(
    operations: list[tuple[str, str, dict[str, Any]]],
) -> None:
    views = dict(_routes(get_resolver(document.URLCONF).url_patterns))
    for method, path, operation in operations:
        policy = policy_of(views[path])
        assert policy is not None
        assert ({} in operation["security"]) == (policy.kinds is None), (method, path)
        assert ("404" in operation["responses"]) == (policy.kinds is not None or "{" in path)


def test_every_refusal_is_a_problem(operations: list[tuple[str, str, dict[str, Any]]]) -> None:
    for method, path, operation in operations:
        refusals = {c: r for c, r in operation["responses"].items() if not c.startswith("2")}
        assert {"401", "default"} <= set(refusals), (method, path)
        for refusal in refusals.values():
            assert list(refusal["content"]) == ["application/problem+json"]


def test_every_route_is_explained_in_chinese(
    operations: list[tuple[str, str, dict[str, Any]]],
) -> None:
    for method, path, operation in operations:
        assert re.search(r"[\u4e00-\u9fff]", operation["summary"]), (method, path)
    names = [operation["operationId"] for _, _, operation in operations]
    assert len(names) == len(set(names))


def test_placing_an_order_demands_a_key(told: dict[str, Any]) -> None:
    (key,) = told["paths"]["/api/v1/orders"]["post"]["parameters"]
    assert (key["name"], key["in"], key["required"]) == ("Idempotency-Key", "header", True)


def test_no_money_is_a_number(told: dict[str, Any]) -> None:
    """Whatever has a fraction is text, and whatever is called an amount has one."""
    seen = 0
    for name, schema in told["components"]["schemas"].items():
        for field, kind in schema.get("properties", {}).items():
            assert kind.get("type") != "number", (name, field)
            if AMOUNTS.fullmatch(field):
                assert (kind.get("type"), kind.get("format")) == ("string", "decimal"), (
                    name,
                    field,
                )
                seen += 1
    assert seen > 15


def _validator(told: dict[str, Any], schema: dict[str, Any]) -> Draft4Validator:
    """A schema of the document as JSON Schema."""
    return Draft4Validator(_nullable({"allOf": [schema], "components": told["components"]}))


def _nullable(part: Any) -> Any:
    """OpenAPI 3.0 says `nullable`, JSON Schema says another type."""
    if isinstance(part, list):
        return [_nullable(inner) for inner in part]
    if not isinstance(part, dict):
        return part
    found = {key: _nullable(inner) for key, inner in part.items()}
    if found.pop("nullable", False):
        return {"anyOf": [found, {"type": "null"}]}
    return found


def test_every_body_has_an_example_that_fits(
    told: dict[str, Any], operations: list[tuple[str, str, dict[str, Any]]]
) -> None:
    for method, path, operation in operations:
        bodies = [operation.get("requestBody", {}), operation["responses"].get("200", {})]
        for body in [*bodies, operation["responses"].get("201", {})]:
            for content in body.get("content", {}).values():
                if path.endswith("/cancel") and body is bodies[0]:
                    continue  # may be empty
                assert content.get("examples"), (method, path)
                for name, example in content["examples"].items():
                    errors = list(_validator(told, content["schema"]).iter_errors(example["value"]))
                    assert not errors, (method, path, name, errors[:2])


def test_answers_are_what_the_document_says(
    told: dict[str, Any], api: Api, harbour: Distributor, inside: Inside
) -> None:
    with inside(harbour):
        world.recharge(world.customer(), Money.of("5000.00"))
    order = api.order(quantity=2)
    api.post(f"/orders/{order['id']}/pay", {"method": "BALANCE"})
    api.post("/cart/items", api.choice(text="H100"), key="k")
    offer = api.get("/offers").told["items"][0]["id"]
    asked = {
        "/offers": "",
        "/offers/{offer_id}": offer,
        "/offers/compare": f"?ids={offer}",
        "/orders": "",
        "/orders/{order_id}": order["id"],
        "/orders/{order_id}/payments": order["id"],
        "/cart": "",
        "/resources": "",
        "/balance": "",
        "/balance/entries": "",
        "/me": "",
        "/tokens": "",
    }
    for path, value in asked.items():
        answer = api.get(re.sub(r"\{\w+\}", value, path) if "{" in path else path + value)
        assert answer.status_code == 200, path
        says = told["paths"][f"/api/v1{path}"]["get"]["responses"]["200"]["content"]
        schema = says["application/json"]["schema"]
        errors = list(_validator(told, schema).iter_errors(answer.told))
        assert not errors, (path, errors[:3])


def test_the_document_and_its_page_are_served_to_anybody(
    db: None, harbour: Distributor, client_for: Callable[..., Client], told: dict[str, Any]
) -> None:
    client = client_for(harbour)
    answer = client.get("/api/v1/openapi.json")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    assert answer.json() == told
    page = client.get("/api/docs/")
    assert page.status_code == 200
    html = page.content.decode()
    assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\son\w+=|\sstyle=", html)
    assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", html)
    assert "unsafe-inline" not in page["Content-Security-Policy"]
