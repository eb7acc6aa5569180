"""The sandbox against official clients that share no code with ours: both must agree with it."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.sandbox_process import ROOT, Sandbox


@pytest.mark.parametrize(
    ("check", "client"),
    [("alipay", "alipay-sdk for Node"), ("wechat", "wechatpay-axios-plugin")],
)
def test_pay_query_refund_and_notifications_agree_with(
    sandbox: Sandbox, check: str, client: str
) -> None:
    done = subprocess.run(
        ["node", str(ROOT / "deploy" / "sandbox" / "check" / f"{check}.mjs"), sandbox.base_url],
        env={
            **os.environ,
            "TZ": "Asia/Shanghai",
        },  # alipay-sdk stamps requests by the machine's clock
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.startswith("ok:") and done.stdout.strip().endswith(client)
