"""The main job by API alone: from an offer to a way in, paid with Alipay by QR code."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing.payments.services.accounts import connect_account
from shared_apps.audit.models import Record
from shared_apps.catalog import services as catalog
from shared_apps.catalog.models import Plan
from shared_apps.distributors.models import Distributor
from shared_apps.kernel import clock, tenancy
from shared_apps.suppliers import queries as suppliers
from shared_apps.suppliers import services as supply
from tests import world
from tests.conftest import Inside
from tests.sandbox_process import Sandbox, until

from .conftest import Api, ApiFor


@pytest.fixture
def merchant(db: None, pier: Distributor, inside: Inside, sandbox: Sandbox, settings: Any) -> None:
    """The shop's own Alipay account."""
    account = sandbox.register_merchant()
    settings.ALIPAY_GATEWAY_URL = account.gateway_url
    with inside(pier):
        connect_account(
            provider="ALIPAY",
            app_id=account.app_id,
            seller_id=account.seller_id,
            settings={"provider_public_key": account.alipay_public_key},
            secret={"private_key": account.private_key},
        )


def _connect(sandbox: Sandbox, plan_id: str) -> None:
    """The broker of whoever supplies the plan sells it from now on."""
    with tenancy.shared():
        plan = Plan.objects.select_related("offering__supplier").get(public_id=plan_id)
        supplier = plan.offering.supplier
        told = [{"sku": plan.offering.sku, "plan_id": str(plan.public_id), "name": "plan"}]
        url = sandbox.put_catalog(supplier.slug, told)["url"]
        supply.connect_supplier(
            supplier=supplier,
            adapter="OSB",
            at=clock.now(),
            base_url=url,
            username=supplier.slug,
            secret=f"{supplier.slug}-password",
        )
        adapter = suppliers.adapter_for(supplier=supplier)
        catalog.link_plans(supplier=supplier, broker_plans=adapter.catalog())


def _notify(client: Client, built: dict[str, Any]) -> Any:
    path = "/payments/alipay/notify/"
    assert built["url"].endswith(path)
    return client.post(path, built["body"], content_type="application/x-www-form-urlencoded")


def test_from_an_offer_to_a_way_in(
    merchant: None,
    sandbox: Sandbox,
    pier: Distributor,
    api_for: ApiFor,
    client_for: Any,
    inside: Inside,
) -> None:
    api: Api = api_for(pier)
    choice = api.choice(hours=2, text="A100")
    _connect(sandbox, choice["plan_id"])
    order = api.order(hours=2, quantity=2, text="A100")
    path = f"/orders/{order['id']}"

    payment = api.post(f"{path}/pay", {"method": "ALIPAY_QR"}).told["payment"]
    assert payment["qr_content"] and payment["redirect_url"] is None
    sandbox.pay(payment["number"])
    forged = sandbox.notify(payment["number"], deliver=False, signature="forged")
    assert _notify(client_for(pier), forged).content == b"failure"
    assert api.get(path).told["state"] == "AWAITING_PAYMENT"
    built = sandbox.notify(payment["number"], deliver=False)
    assert _notify(client_for(pier), built).content == b"success"
    paid = api.get(f"{path}/payments").told["items"][0]
    assert (paid["state"], paid["qr_content"], paid["refunded"]) == ("SUCCEEDED", None, "0.00")
    assert paid["paid_at"] is not None

    soon = clock.now() + timedelta(minutes=1)
    until(lambda: world.drain(at=soon) == 0 and api.get(path).told["state"] == "COMPLETED")
    told = api.get(path).told
    assert [line["state"] for line in told["lines"]] == ["OPEN", "OPEN"]
    kinds = [line["kind"] for line in api.get("/balance/entries").told["items"]]
    assert kinds == ["consumption", "consumption", "hold", "hold", "recharge"]
    assert api.get("/balance").told["available"] == "0.00"

    for per_page in (1, 2):
        with CaptureQueriesContext(connection) as queries:
            found = api.get(f"/resources?order_id={order['id']}&per_page={per_page}").told
        assert (found["total"], len(found["items"])) == (2, per_page)
        assert len(queries) == 4  # the shop, the token, the count, the rows
    resource = found["items"][0]
    assert resource == api.get(f"/resources/{resource['id']}").told
    assert resource["state"] == "RUNNING"
    assert {r["line_id"] for r in found["items"]} == {line["id"] for line in told["lines"]}
    for times in (1, 2):
        answer = api.post(f"/resources/{resource['id']}/reveal-access")
        assert answer["Cache-Control"] == "private, no-store"
        assert answer.told["host"] and answer.told["password"]
        with inside(pier):
            looks = list(Record.objects.filter(action="resource.reveal_access"))
            assert len(looks) == times
            assert looks[0].actor_id == str(world.customer().user.public_id)
            assert answer.told["password"] not in str([(r.before, r.after, r.note) for r in looks])

    stranger = api_for(pier, "客户乙")
    assert stranger.get("/resources").told["total"] == 0
    assert stranger.get(f"/resources/{resource['id']}").status_code == 404
    assert stranger.post(f"/resources/{resource['id']}/reveal-access").status_code == 404


def test_whoever_has_nothing_sees_nothing(api: Api) -> None:
    empty = api.get("/resources").told
    assert (empty["items"], empty["total"]) == ([], 0)
    missing = api.get("/resources/0199f000-0000-7000-8000-000000000000")
    assert (missing.status_code, missing.told["code"]) == (404, "resource.not_found")
    assert api.get("/resources?state=SLEEPING").status_code == 422
