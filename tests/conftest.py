from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.test import Client

from shared_apps.distributors.models import Distributor
from shared_apps.identity.models import User
from shared_apps.kernel import tenancy
from tests import world
from tests.own_processes import web, worker  # noqa: F401  (fixtures for all)
from tests.sandbox_process import listener, sandbox, sandbox_process  # noqa: F401
from tests.stack import stack  # noqa: F401

Inside = Callable[[Distributor], AbstractContextManager[None]]


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """Databases are made below, as the owner; pytest-django has nothing to rename."""


@pytest.fixture(scope="session")
def cast(django_db_blocker: Any) -> Iterator[dict[str, Distributor]]:
    """A migrated database with the cast, kept aside as a template of what the tests work on."""
    owner = world.Owner()
    tag = f"{os.getpid()}"
    template, work = f"ncmatch_test_{tag}_template", f"ncmatch_test_{tag}"
    given = settings.DATABASES["default"]["NAME"]
    with django_db_blocker.unblock():
        for name in (work, template):
            owner.drop(name)
        owner.create(template)
        world.use_database(template)
        members = world.build()
        connection.close()
        owner.create(work, template)
        world.use_database(work)
    yield members
    with django_db_blocker.unblock():
        connection.close()
        for name in (work, template):
            owner.drop(name)
        owner.drop_roles([member.schema_name for member in members.values()])
        world.use_database(given)


@pytest.fixture(scope="session")
def django_db_setup(cast: dict[str, Distributor]) -> None:
    """`db` wraps each test in a transaction on the work database."""


@pytest.fixture
def committed(cast: dict[str, Distributor], django_db_blocker: Any) -> Iterator[None]:
    """Real commits, from as many threads and processes as wanted; afterwards a fresh copy of the template."""
    with django_db_blocker.unblock():
        yield
        connection.close()
        work = settings.DATABASES["default"]["NAME"]
        owner = world.Owner()
        owner.drop(work)
        owner.create(work, f"{work}_template")


@pytest.fixture(autouse=True)
def fresh_caches() -> Iterator[None]:
    from ncmatch.middleware import site

    site.forget()
    yield
    if tenancy.plane() is not None:
        raise AssertionError("The test left a tenant set.")


@pytest.fixture
def clean_cache(cast: dict[str, Distributor]) -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def operator(cast: dict[str, Distributor]) -> Distributor:
    return cast["op"]


@pytest.fixture
def north(cast: dict[str, Distributor]) -> Distributor:
    return cast["north"]


@pytest.fixture
def harbour(cast: dict[str, Distributor]) -> Distributor:
    return cast["harbour"]


@pytest.fixture
def pier(cast: dict[str, Distributor]) -> Distributor:
    return cast["pier"]


@pytest.fixture
def rival(cast: dict[str, Distributor]) -> Distributor:
    return cast["rival"]


@pytest.fixture
def inside() -> Inside:
    """`with inside(harbour): …` stands in a distributor's schema, as its role."""
    return lambda distributor: tenancy.enter(distributor.schema_name)


@pytest.fixture
def client_for() -> Callable[..., Client]:
    """A browser on a distributor's site, signed in as `user` where one is given."""

    def make(distributor: Distributor | None, user: User | None = None) -> Client:
        host = f"{distributor.slug}.ncmatch.localhost" if distributor else settings.EXCHANGE_HOST
        client = Client(headers={"host": host})
        if user is not None:
            assert distributor is not None
            with tenancy.enter(distributor.schema_name):
                client.force_login(user)
        return client

    return make
