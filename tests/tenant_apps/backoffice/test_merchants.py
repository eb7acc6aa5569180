"""The shop's accounts at providers: proved on entry, sealed, never shown, switched on and off."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from billing.payments.accounts import opened
from billing.payments.models import MerchantAccount
from shared_apps.audit.models import Record
from shared_apps.distributors.models import Distributor
from shared_apps.identity.enums import Role
from tests import outside
from tests.conftest import Inside
from tests.sandbox_process import Sandbox, new_key_pair

from .conftest import SignIn

NEW = "/office/merchants/new/"
Typed = dict[str, str]


@pytest.fixture
def typed(sandbox: Sandbox, settings: Any) -> Iterator[dict[str, tuple[Typed, Typed]]]:
    """By provider: what is typed that anyone may see, and what is secret."""
    settings.ALIPAY_GATEWAY_URL = f"{sandbox.base_url}/alipay/gateway.do"
    settings.WECHAT_GATEWAY_URL = settings.STRIPE_API_URL = sandbox.base_url
    a, w, s = sandbox.register_merchant(), sandbox.register_wechat(), sandbox.register_stripe()
    yield {
        "ALIPAY": (
            {
                "app_id": a.app_id,
                "seller_id": a.seller_id,
                "provider_public_key": a.alipay_public_key,
            },
            {"private_key": a.private_key},
        ),
        "WECHAT": (
            {
                "app_id": w.appid,
                "seller_id": w.mchid,
                "serial_no": w.serial_no,
                "public_key_id": w.public_key_id,
                "public_key": w.public_key,
            },
            {"private_key": w.private_key, "api_v3_key": w.api_v3_key},
        ),
        "STRIPE": (
            {"app_id": s.account},
            {"secret_key": s.secret_key, "webhook_secret": s.webhook_secret},
        ),
    }


WRONG = {
    "ALIPAY": {"private_key": new_key_pair()[0]},
    "WECHAT": {"private_key": new_key_pair()[0]},
    "STRIPE": {"secret_key": "sk_test_nobody_has_this_key"},
}


def traces(text: str, secret: Typed) -> list[str]:
    """Which secrets, or what stands in them, occur in a text."""
    return [
        name
        for name, value in secret.items()
        if any(part and part in text for part in (value, value.splitlines()[len(value) > 200]))
    ]


@pytest.mark.parametrize("provider", ["ALIPAY", "WECHAT", "STRIPE"])
def test_right_keys_count_at_once_and_are_seen_nowhere(
    provider: str,
    typed: dict[str, tuple[Typed, Typed]],
    north: Distributor,
    sign_in: SignIn,
    inside: Inside,
) -> None:
    plain, secret = typed[provider]
    browser = sign_in(north, Role.ADMIN)
    with capture_logs() as logs:
        answer = browser.post(NEW, {"provider": provider, **plain, **secret})
    assert (answer.status_code, answer["Location"]) == (302, "/office/merchants/")
    shown = browser.get("/office/merchants/").content.decode()
    again = browser.get(f"{NEW}?provider={provider}&app_id={plain['app_id']}").content.decode()
    with inside(north):
        account = MerchantAccount.objects.get()
        assert (account.app_id, account.is_active) == (plain["app_id"], True)
        assert {key: value.strip() for key, value in opened(account).items()} == {
            key: value.strip() for key, value in secret.items()
        }
        audited = Record.objects.get(action="merchant_account.connect")
        assert audited.actor_name == Role.ADMIN
        records = json.dumps([row.after for row in Record.objects.all()], default=str)
    assert plain["app_id"] in shown and "的指纹" in shown
    kept = f"{account.secrets_sealed}{account.settings}"
    for text in (shown, again, records, str(logs), kept):
        assert traces(text, secret) == []


@pytest.mark.parametrize("provider", ["ALIPAY", "WECHAT", "STRIPE"])
def test_wrong_keys_are_refused_and_the_account_in_use_stays(
    provider: str,
    typed: dict[str, tuple[Typed, Typed]],
    north: Distributor,
    sign_in: SignIn,
    inside: Inside,
) -> None:
    plain, secret = typed[provider]
    browser = sign_in(north, Role.ADMIN)
    browser.post(NEW, {"provider": provider, **plain, **secret})
    wrong = secret | WRONG[provider]
    for bad in (wrong, secret | dict.fromkeys(secret, "garbage")):
        with capture_logs() as logs:
            answer = browser.post(NEW, {"provider": provider, **plain, **bad})
        told = answer.content.decode()
        assert answer.status_code == 422 and "支付机构没有认可这些参数" in told
        for text in (told, str(logs)):
            assert traces(text, wrong) == []
    with inside(north):
        kept = opened(MerchantAccount.objects.get())
        assert {key: value.strip() for key, value in kept.items()} == {
            key: value.strip() for key, value in secret.items()
        }
        assert Record.objects.filter(action="merchant_account.connect").count() == 1


def test_one_account_of_a_provider_at_a_time_and_each_switch_is_recorded(
    typed: object, sandbox: Sandbox, north: Distributor, sign_in: SignIn, inside: Inside
) -> None:
    with inside(north):
        outside.open_account(sandbox)
        first = MerchantAccount.objects.get()
        outside.open_account(sandbox)
        second = MerchantAccount.objects.get(is_active=True)
    browser = sign_in(north, Role.ADMIN)

    def switch(account: MerchantAccount, active: str) -> list[bool]:
        url = f"/office/merchants/{account.public_id}/active/"
        assert browser.post(url, {"active": active}).status_code == 302
        with inside(north):
            return list(MerchantAccount.objects.order_by("id").values_list("is_active", flat=True))

    assert switch(first, "1") == [True, False]
    assert switch(first, "1") == [True, False]
    assert switch(first, "0") == [False, False]
    with inside(north):
        assert Record.objects.filter(action="merchant_account.set_active").count() == 2
    # The provider no longer knows the key of this one: it stays off.
    sandbox.register_merchant(second.app_id)
    assert switch(second, "1") == [False, False]


def test_finance_reads_and_changes_nothing(
    typed: dict[str, tuple[Typed, Typed]], north: Distributor, sign_in: SignIn, inside: Inside
) -> None:
    browser = sign_in(north, Role.FINANCE)
    page = browser.get("/office/merchants/").content.decode()
    assert "还没有开通" in page and NEW not in page
    plain, secret = typed["STRIPE"]
    assert browser.get(NEW).status_code == 403
    assert browser.post(NEW, {"provider": "STRIPE", **plain, **secret}).status_code == 403
    with inside(north):
        assert not MerchantAccount.objects.exists()
