"""Usage, bills and renewals for programs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.test import Client

from billing.metering.models import Bill, Charge
from shared_apps.catalog.enums import PlanKind
from shared_apps.catalog.models import Plan
from shared_apps.distributors.models import Distributor
from shared_apps.kernel import clock, ids
from shared_apps.kernel.money import Money
from tenant_apps.fulfilment.models import Resource
from tenant_apps.fulfilment.services import metered, opening
from tenant_apps.orders.models import Order
from tenant_apps.orders.pricing import Choice
from tenant_apps.orders.services import paying, placing
from tests import world
from tests.billing.metering.conftest import Cast, advance, allow, plan, run
from tests.conftest import Inside


def test_programs_read_usage_and_bills_of_their_own_customer(
    market: Cast,
    pier: Distributor,
    inside: Inside,
    client_for: Callable[..., Client],
    since: datetime,
) -> None:
    with inside(pier):
        who, other = world.customer(), world.customer("客户乙")
        allow(who, Money.of("500"))
        (machine,) = run(who, since)
        metered.tick(line_id=machine.line.public_id, at=since + timedelta(hours=2))
        charge = Charge.objects.select_related("usage").earliest("id")
        bill = Bill.objects.earliest("id")
    api = client_for(pier, who.user)
    used = api.get(f"/api/v1/resources/{machine.public_id}/usage").json()
    assert used["total"] == 2
    assert (used["items"][1]["record_id"], used["items"][1]["hours"]) == (
        charge.usage.record_id,
        "1.000000",
    )
    assert (used["items"][1]["amount"], used["items"][1]["charged"]) == (
        str(charge.amount),
        "BOOKED",
    )
    listed = api.get("/api/v1/bills").json()
    assert str(bill.public_id) in [one["id"] for one in listed["items"]]
    read = api.get(f"/api/v1/bills/{bill.public_id}").json()
    assert (read["owed"], read["state"]) == (str(bill.owed), "OPEN")
    foreign = client_for(pier, other.user)
    assert foreign.get(f"/api/v1/bills/{bill.public_id}").status_code == 404
    assert foreign.get(f"/api/v1/resources/{machine.public_id}/usage").status_code == 404
    renewal = {"hours": 1, "shown_total": "1.00", "terms_version": placing.TERMS_VERSION}
    refused = api.post(
        f"/api/v1/resources/{machine.public_id}/renew",
        renewal,
        content_type="application/json",
        headers={"Idempotency-Key": "a"},
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "resource.not_running")


def test_programs_renew_once_for_each_key(
    market: Cast, pier: Distributor, inside: Inside, client_for: Callable[..., Client]
) -> None:
    with inside(pier):
        who = world.customer()
        monthly = Plan.objects.get(offering=plan().offering, kind=PlanKind.MONTHLY)
        order = world.place(who, Choice(monthly.public_id, 1, 720))
        world.recharge(who, order.total)
        paying.pay_from_balance(order=order, at=clock.now())
        opening.open_order(order_id=order.public_id, at=clock.now())
        advance()
        machine = Resource.objects.get()
    api = client_for(pier, who.user)
    body = {
        "hours": 720,
        "shown_total": str(order.total),
        "terms_version": placing.TERMS_VERSION,
    }
    key = {"Idempotency-Key": str(ids.new_id())}
    address = f"/api/v1/resources/{machine.public_id}/renew"
    for _ in range(2):
        placed = api.post(address, body, content_type="application/json", headers=key)
        assert placed.status_code == 201, placed.content
        assert placed.json()["total"] == str(order.total)
    with inside(pier):
        assert Order.objects.count() == 2
    wrong = api.post(
        address,
        body | {"hours": 700},
        content_type="application/json",
        headers={"Idempotency-Key": str(ids.new_id())},
    )
    assert (wrong.status_code, wrong.json()["code"]) == (422, "order.whole_months")
