"""The how-to of the API, played as it is written against a running stack."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.stack import ROOT, Stack

PAGE = ROOT / "docs" / "how-to" / "api.md"
BLOCKS = re.compile(r"^```bash\n(.*?)^```", re.MULTILINE | re.DOTALL)
SHOP = "pier"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.processes,
    pytest.mark.skipif(
        not (shutil.which("curl") and shutil.which("jq")), reason="needs curl and jq"
    ),
]


def _token(stack: Stack) -> str:
    """Logs in as the demo's customer does and makes a token for a program."""
    base = f"http://127.0.0.1:{stack.runtime.ports['web']}"
    host = {"Host": f"{SHOP}.ncmatch.localhost:{stack.runtime.ports['web']}"}
    with httpx.Client(base_url=base, headers=host, trust_env=False, timeout=30) as client:
        page = client.get("/accounts/login/").text
        mark = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
        assert mark is not None
        entered = client.post(
            "/accounts/login/",
            data={
                "csrfmiddlewaretoken": mark[1],
                "login": "13800000001",
                "password": "ncmatch-demo-2026",
            },
        )
        assert entered.status_code == 302, entered.text[:2000]
        made = client.post(
            "/api/v1/tokens",
            json={"name": "文档演练"},
            headers={"X-CSRFToken": client.cookies["csrftoken"]},
        )
        assert made.status_code == 201, made.text
        return str(made.json()["token"])


def test_the_walk_works_as_written(stack: Stack, tmp_path: Path) -> None:
    script = "set -euo pipefail\n" + "\n".join(BLOCKS.findall(PAGE.read_text()))
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env={
            "PATH": os.environ["PATH"],
            "SHOP": stack.url(SHOP, "").rstrip("/"),
            "SANDBOX": f"http://127.0.0.1:{stack.runtime.ports['sandbox']}",
            "TOKEN": _token(stack),
        },
        text=True,
        capture_output=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert "COMPLETED" in done.stdout
    assert '"username"' in done.stdout
