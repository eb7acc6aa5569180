from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction

from shared_apps.catalog import services
from shared_apps.distributors.models import Distributor
from shared_apps.kernel import tenancy
from shared_apps.suppliers import queries as suppliers
from tests import world


@pytest.fixture
def shared_plane(db: None) -> Iterator[None]:
    with tenancy.shared():
        yield


@pytest.fixture
def market(db: None) -> None:
    """The cast's stock, with the news of the suppliers' hubs arrived."""
    with tenancy.shared():
        for supplier in suppliers.suppliers():
            services.reindex(supplier=supplier)


@pytest.fixture(scope="session")
def unstocked_database(cast: dict[str, Distributor], django_db_blocker: Any) -> Iterator[str]:
    """A copy of the cast's database from which everything that is sold was taken out."""
    stocked = settings.DATABASES["default"]["NAME"]
    name = f"{stocked}_unstocked"
    owner = world.Owner()
    with django_db_blocker.unblock():
        owner.drop(name)
        owner.create(name, f"{stocked}_template")
        with owner.connect(name) as link:
            link.execute(
                "TRUNCATE catalog_gpumodel, catalog_fxrate, suppliers_supplier, outbox_delivery CASCADE"
            )
    yield name
    with django_db_blocker.unblock():
        owner.drop(name)


@pytest.fixture
def empty_shelves(unstocked_database: str, django_db_blocker: Any) -> Iterator[None]:
    """Stands in the shared plane of a platform that sells nothing yet; what the test does is undone."""
    stocked = settings.DATABASES["default"]["NAME"]
    with django_db_blocker.unblock():
        world.use_database(unstocked_database)
        try:
            with tenancy.shared(), transaction.atomic():
                yield
                transaction.set_rollback(True)
        finally:
            connection.close()
            world.use_database(stocked)
