from collections.abc import Iterator

import pytest

from shared_apps.kernel import tenancy

from . import market as the_market


@pytest.fixture
def shared_plane(db: None) -> Iterator[None]:
    with tenancy.shared():
        yield


@pytest.fixture
def market(db: None) -> None:
    """The real file, imported and on sale."""
    with tenancy.shared():
        the_market.open_market()
