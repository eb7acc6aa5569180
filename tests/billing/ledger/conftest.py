from __future__ import annotations

from collections.abc import Iterator

import pytest

from billing.ledger import services
from shared_apps.distributors.models import Distributor
from shared_apps.kernel import tenancy
from tests.billing.ledger.telling import AT


@pytest.fixture
def books(db: None, harbour: Distributor) -> Iterator[None]:
    """Inside harbour, with the standard books, in the test's own transaction."""
    with tenancy.enter(harbour.schema_name):
        services.open_books(at=AT)
        yield


@pytest.fixture
def real_books(committed: None, harbour: Distributor) -> str:
    """Harbour's schema with the standard books, for tests that commit."""
    with tenancy.enter(harbour.schema_name):
        services.open_books(at=AT)
    return harbour.schema_name
