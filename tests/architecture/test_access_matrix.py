"""The access matrix: every route of every site, asked by everybody who may come to the door."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from ncmatch.urls import exchange, site
from shared_apps.distributors.models import Distributor
from shared_apps.suppliers import queries as suppliers
from tenant_apps.customers import handlers
from tests.architecture.access import planted
from tests.architecture.access.asking import Asking, unfit
from tests.architecture.access.matrix import EXCHANGE, SITE, customer
from tests.architecture.access.objects import Things, furnish
from tests.architecture.access.people import everybody
from tests.architecture.access.routes import routes
from tests.tenant_apps.backoffice.conftest import PromptSupplier

Cast = dict[str, Distributor]
KINDS = {kind for row in (*SITE.values(), *EXCHANGE.values()) for kind in row.about.values()}


@pytest.fixture
def quiet_world(
    db: None,
    clean_cache: None,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    """Suppliers answer at once, no letter or text goes out, and refusals are not logged by thousands."""
    logging.disable(logging.ERROR)
    request.addfinalizer(lambda: logging.disable(logging.NOTSET))
    settings.ALIPAY_GATEWAY_URL = "http://127.0.0.1:9/alipay"
    monkeypatch.setattr(suppliers, "adapter_for", lambda **_: PromptSupplier())
    monkeypatch.setattr(handlers, "send_sms", lambda **_: None)


def furnished(member: Distributor, elsewhere: Distributor, cast: Cast) -> Asking:
    """A site with its people and things, and with the people of every other site at its door."""
    things = furnish(member, elsewhere, cast)
    others = [other for other in cast.values() if other not in (member, elsewhere)]
    twice = frozenset({"a visitor", "another customer", "SALES", f"{elsewhere.slug}'s ADMIN"})
    return Asking(member, everybody(member, elsewhere, *others), things, twice)


def test_every_route_has_its_row() -> None:
    for urlconf, table in ((site, SITE), (exchange, EXCHANGE)):
        wrong = unfit(routes(urlconf.__name__), table, KINDS)
        assert not wrong, "\n".join(wrong)


@pytest.mark.slow
@pytest.mark.usefixtures("quiet_world")
def test_a_shop_opens_to_everybody_what_is_theirs(cast: Cast) -> None:
    """At harbour, which has a parent, a child and a customer; asked by people of every other site too."""
    asking = furnished(cast["harbour"], cast["rival"], cast)
    for route in routes(site.__name__):
        asking.ask(route, SITE[route.name])
    assert not asking.wrong, "\n".join(asking.wrong)
    assert asking.asked > 2_000


@pytest.mark.slow
@pytest.mark.usefixtures("quiet_world")
def test_the_console_opens_at_the_operators_to_its_staff(cast: Cast) -> None:
    asking = furnished(cast["op"], cast["rival"], cast)
    console = [route for route in routes(site.__name__) if route.name.startswith("console:")]
    for route in console:
        asking.ask(route, SITE[route.name])
    assert not asking.wrong, "\n".join(asking.wrong)
    assert len(console) > 15


@pytest.mark.usefixtures("quiet_world")
def test_the_exchange_opens_to_anybody(cast: Cast) -> None:
    asking = Asking(None, everybody(cast["pier"], cast["rival"]), Things({}, {}))
    for route in routes(exchange.__name__):
        asking.ask(route, EXCHANGE[route.name])
    assert not asking.wrong, "\n".join(asking.wrong)


class TestPlanted:
    """Each fault that the matrix is for, made on purpose."""

    def test_what_is_not_said_is_found(self) -> None:
        found = routes(planted.__name__)
        wrong = unfit(found, SITE | planted.ROWS, KINDS)
        said = {line.partition(" ")[0] for line in wrong}
        assert said == {
            "planted:no_policy",
            "planted:no_row",
            "planted:no_parameter",
            "planted:other_policy",
            "planted:gone",
        }
        assert any("put @access(...) on its view" in line for line in wrong)
        assert any("say in access/matrix.py who may open it" in line for line in wrong)
        assert any("say of each which kind of object it names" in line for line in wrong)

    def test_an_object_that_nobody_makes_is_found(self) -> None:
        (route,) = (r for r in routes(planted.__name__) if r.name == "planted:order")
        table = {"planted:order": customer(public_id="unheard-of")}
        (wrong,) = unfit([route], table, KINDS)
        assert "make one in access/objects.py" in wrong

    @pytest.mark.slow
    @pytest.mark.usefixtures("quiet_world")
    def test_what_leaks_is_found(self, cast: Cast, settings: Any) -> None:
        settings.ROOT_URLCONF = planted.__name__
        asking = furnished(cast["harbour"], cast["rival"], cast)
        asked = {r.name: r for r in routes(planted.__name__) if r.name in planted.LEAKS}
        for name, expected in planted.LEAKS.items():
            asking.wrong = []
            asking.ask(asked[name], planted.ROWS[name])
            for part in expected:
                assert any(part in line for line in asking.wrong), (name, part, asking.wrong)
        asking.wrong = []
        asking.ask(asked["planted:order"], planted.ROWS["planted:order"])
        assert asking.wrong == []
