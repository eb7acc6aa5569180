"""The cast, introduced to the outside world of the sandbox: payment accounts and suppliers' brokers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.test import Client

from billing.payments.models import PaymentIntent
from billing.payments.services.accounts import connect_account
from billing.payments.services.intents import Return
from shared_apps.catalog import services as catalog
from shared_apps.catalog.models import Plan
from shared_apps.distributors.models import Distributor
from shared_apps.kernel import clock, tenancy
from shared_apps.suppliers import queries as suppliers
from shared_apps.suppliers import services as supply
from tenant_apps.orders.models import Order
from tenant_apps.orders.services import paying
from tests.sandbox_process import Merchant, Sandbox

NOTIFY = "/payments/alipay/notify/"
FORM = "application/x-www-form-urlencoded; charset=utf-8"


def open_account(sandbox: Sandbox, merchant: Merchant | None = None) -> Merchant:
    """Gives the distributor where we stand an Alipay account: a new one, or this one too."""
    merchant = merchant or sandbox.register_merchant()
    connect_account(
        provider="ALIPAY",
        app_id=merchant.app_id,
        seller_id=merchant.seller_id,
        settings={"provider_public_key": merchant.alipay_public_key},
        secret={"private_key": merchant.private_key},
    )
    return merchant


def connect_supplier(sandbox: Sandbox, plan_id: UUID, **options: Any) -> str:
    """The broker of whoever supplies the plan sells it from now on; returns the supplier's slug."""
    with tenancy.shared():
        plan = Plan.objects.select_related("offering__supplier").get(public_id=plan_id)
        supplier = plan.offering.supplier
        told = [{"sku": plan.offering.sku, "plan_id": str(plan.public_id), "name": "plan"}]
        url = sandbox.put_catalog(supplier.slug, told, **options)["url"]
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
        return supplier.slug


def start_payment(
    order: Order, site: Distributor, *, method: str = "ALIPAY_PAGE", port: int = 80
) -> PaymentIntent:
    """A payment of the order, of which the provider will tell the site."""
    home = f"http://{site.slug}.ncmatch.localhost:{port}"
    return paying.start_payment(
        order=order,
        method=method,
        back=Return(site=home, return_url=f"{home}/orders/{order.public_id}/"),
        at=clock.now(),
    )


def visit(sandbox: Sandbox, intent: PaymentIntent) -> None:
    """The buyer opens the cashier: only then does the provider know of the trade."""
    sandbox.visit(intent.redirect_url or intent.qr_content)


def pay(sandbox: Sandbox, intent: PaymentIntent) -> None:
    """The buyer pays; the provider's own notification never comes."""
    visit(sandbox, intent)
    sandbox.fault("alipay", "notify_silent", match={"out_trade_no": intent.number})
    sandbox.pay(intent.number)


def deliver(client: Client, built: dict[str, Any]) -> str:
    """Posts a notification that the sandbox built; returns the answer's text."""
    answer = client.post(NOTIFY, built["body"], content_type=FORM)
    assert answer.status_code in (200, 400)  # 400: for nobody here
    return answer.content.decode()
