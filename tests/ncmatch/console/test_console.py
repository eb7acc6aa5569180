"""The operator's own pages: there on its site, for its staff; nowhere else do they exist."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from ncmatch.console import sections
from shared_apps.audit.models import Record
from shared_apps.catalog.models import ImportRun, Offering
from shared_apps.distributors.models import Distributor
from shared_apps.identity.enums import Role
from shared_apps.kernel import clock, tenancy
from shared_apps.outbox.models import Delivery, State
from shared_apps.outbox.services import MOST_ATTEMPTS
from tenant_apps.backoffice.sections import Section
from tests import world
from tests.conftest import Inside

SignIn = Callable[[Distributor, str], Client]


@pytest.fixture
def sign_in(db: None, client_for: Callable[..., Client]) -> SignIn:
    def make(site: Distributor, role: str) -> Client:
        with tenancy.enter(site.schema_name):
            user = world.staff(role)
        return client_for(site, user)

    return make


def page(answer: object) -> str:
    return answer.content.decode()  # type: ignore[attr-defined,no-any-return]


@pytest.mark.parametrize("section", sections.SECTIONS, ids=lambda section: section.url)
def test_a_section_is_hidden_on_every_other_site(
    section: Section, operator: Distributor, north: Distributor, sign_in: SignIn
) -> None:
    address = reverse(section.url)
    assert sign_in(operator, Role.ADMIN).get(address).status_code == 200
    assert sign_in(operator, Role.SALES).get(address).status_code == 403
    elsewhere = sign_in(north, Role.ADMIN)
    assert elsewhere.get(address).status_code == 404
    assert address not in page(elsewhere.get("/office/"))


def test_a_supplier_shows_its_agreement_and_that_its_place_is_assigned(
    operator: Distributor, sign_in: SignIn
) -> None:
    browser = sign_in(operator, Role.MANAGER)
    listed = page(browser.get("/console/suppliers/"))
    assert "演示指派" in listed and "70" in listed and "未接入" in listed
    assert "成本占目录价" in page(browser.get("/console/suppliers/lambda/"))


def test_a_price_shows_where_it_comes_from(
    operator: Distributor, sign_in: SignIn, inside: Inside
) -> None:
    with inside(operator):
        offering = Offering.objects.filter(plans__kind="SPOT").first()
        run = ImportRun.objects.first()
        assert offering is not None and run is not None
    browser = sign_in(operator, Role.MANAGER)
    assert offering.sku in page(browser.get(f"/console/catalogue/?q={offering.sku}"))
    seen = page(browser.get(reverse("console:offering", args=[offering.public_id])))
    assert "USD" in seen and "1 USD = 7.1 CNY" in seen and "至今" in seen
    imported = page(browser.get(reverse("console:import", args=[run.public_id])))
    assert run.findings and run.findings[0]["reason"] in imported


def test_the_tree_shows_terms_only_where_the_operator_is_a_party(
    operator: Distributor, north: Distributor, pier: Distributor, sign_in: SignIn
) -> None:
    browser = sign_in(operator, Role.ADMIN)
    drawn = page(browser.get("/console/distributors/"))
    assert "pier.ncmatch.localhost" in drawn and "80%" in drawn
    assert "88%" not in drawn and "94%" not in drawn
    assert "80%" in page(browser.get("/console/distributors/north/"))
    theirs = page(browser.get("/console/distributors/pier/"))
    assert "94%" not in theirs and "平台不是这份条款的一方" in theirs


@pytest.fixture
def dead(db: None, pier: Distributor) -> Delivery:
    """An event of pier's that was given up."""
    with tenancy.shared():
        return Delivery.objects.create(
            schema=pier.schema_name,
            topic="order.expire",
            handler="tenant_apps.orders.handlers.expire",
            payload={"order": "00000000-0000-0000-0000-000000000000"},
            state=State.DEAD,
            attempts=MOST_ATTEMPTS,
            last_error="DoesNotExist: Order",
        )


def test_a_dead_event_is_put_back_by_an_administrator_and_both_audits_know(
    dead: Delivery, operator: Distributor, pier: Distributor, sign_in: SignIn, inside: Inside
) -> None:
    browser = sign_in(operator, Role.ADMIN)
    listed = page(browser.get("/console/outbox/?state=DEAD"))
    assert "订单支付到期" in listed and pier.name in listed
    seen = page(browser.get(reverse("console:delivery", args=[dead.public_id])))
    assert "DoesNotExist: Order" in seen and "重新投递" in seen
    address = reverse("console:retry", args=[dead.public_id])
    answer = browser.post(address, follow=True)
    assert "已放回队列" in page(answer)
    with tenancy.shared():
        dead.refresh_from_db()
        assert (dead.state, dead.attempts) == (State.PENDING, 0)
        assert dead.due_at <= clock.now()
        told = Record.objects.get(action="outbox.retry")
        assert told.before == {
            "state": "DEAD",
            "attempts": MOST_ATTEMPTS,
            "error": "DoesNotExist: Order",
        }
    with inside(operator):
        asked = Record.objects.get(action="outbox.ask_retry")
        assert (asked.actor_name, asked.object_id) == (Role.ADMIN, str(dead.public_id))
    again = browser.post(address, follow=True)
    assert "不需要重新投递" in page(again)


def test_nobody_else_retries(
    dead: Delivery, operator: Distributor, pier: Distributor, sign_in: SignIn
) -> None:
    address = reverse("console:retry", args=[dead.public_id])
    manager = sign_in(operator, Role.MANAGER)
    assert "重新投递" not in page(manager.get(reverse("console:delivery", args=[dead.public_id])))
    assert manager.post(address).status_code == 403
    assert sign_in(pier, Role.ADMIN).post(address).status_code == 404
    with tenancy.shared():
        dead.refresh_from_db()
        assert dead.state == State.DEAD


def test_a_backlog_of_bookings_is_listed_with_its_reason(
    operator: Distributor, sign_in: SignIn
) -> None:
    assert "全部已入账" in page(sign_in(operator, Role.FINANCE).get("/console/bookings/"))
