from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def small_api(settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.ncmatch.api.views"
