from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from shared_apps.kernel.ids import number as new_number
from tests.contracts.sides import Alipay, Side, Stripe, Wechat
from tests.sandbox_process import Sandbox

PROVIDERS = ["alipay", "wechat", "stripe"]


@pytest.fixture(scope="session")
def merchants(sandbox_process: Sandbox) -> dict[str, Any]:
    return {
        "alipay": sandbox_process.register_merchant(),
        "wechat": sandbox_process.register_wechat(),
        "stripe": sandbox_process.register_stripe(),
    }


@pytest.fixture
def open_side(sandbox: Sandbox, merchants: dict[str, Any]) -> Callable[[str], Side]:
    makers: dict[str, Callable[[Sandbox, Any], Side]] = {
        "alipay": Alipay.open,
        "wechat": Wechat.open,
        "stripe": Stripe.open,
    }
    return lambda name: makers[name](sandbox, merchants[name])


@pytest.fixture(params=PROVIDERS)
def side(request: pytest.FixtureRequest, open_side: Callable[[str], Side]) -> Side:
    return open_side(request.param)


@pytest.fixture
def number() -> str:
    return new_number("P")
