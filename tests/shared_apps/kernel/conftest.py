from __future__ import annotations

from uuid import UUID

import pytest

from tests.shared_apps.kernel.test_isolation import Cast, sale


@pytest.fixture
def traces(db: None, cast: Cast) -> dict[str, UUID]:
    """One sale in each shop, so that everybody has hops, obligations, bookings and news."""
    return {slug: sale(member) for slug, member in cast.items()}
