"""What the books say after the main job was played: levels, obligations, and the difference (none)."""

from __future__ import annotations

import time
from typing import Any

from billing.settlement.models import Obligation
from billing.settlement.proof import Proof, prove
from shared_apps.distributors import queries as distributors
from shared_apps.kernel import clock, tenancy
from tenant_apps.orders.models import Order

from .play import Story

PATIENCE = 30.0  # seconds for the booker to catch up


def settled_proof() -> Proof:
    """The proof, once nothing is in transit any more (or patience is over)."""
    deadline = time.monotonic() + PATIENCE
    while True:
        with tenancy.owner():
            proof = prove(at=clock.now())
        if not proof.in_transit or time.monotonic() > deadline:
            return proof
        time.sleep(0.5)


def report(story: Story) -> dict[str, Any]:
    """The story and the books in one object; `ok` only if every part of it is as it should be."""
    started = time.perf_counter()
    proof = settled_proof()
    story.seconds["book_and_prove"] = round(time.perf_counter() - started, 2)
    with tenancy.shared():
        shop = distributors.by_slug(story.shop)
    with tenancy.enter(shop.schema_name):
        order = Order.objects.prefetch_related("lines").get(number=story.order)
        traces = [line.public_id for line in order.lines.all()]
        story.order_state = order.state
    with tenancy.shared():
        obligations = Obligation.objects.filter(trace_id__in=traces).count()
    levels = shop.depth + 1
    return {
        "ok": (
            proof.ok
            and proof.in_transit == 0
            and story.order_state == "COMPLETED"
            and story.resource_state == "RUNNING"
            and story.access
            and obligations == levels * len(traces)
        ),
        **story.as_json(),
        "levels": levels,
        "obligations": obligations,
        "in_transit": proof.in_transit,
        "difference_minor": sum(abs(d.minor) for d in proof.differences),
    }
