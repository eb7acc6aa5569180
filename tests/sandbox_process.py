"""The real sandbox in a process of its own, on free ports, for as long as the tests run."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

ROOT = Path(__file__).resolve().parent.parent
SMS_KEY_ID, SMS_KEY_SECRET = "test-key-id", "test-key-secret"


@dataclass(frozen=True, slots=True)
class Merchant:
    """What a merchant of the sandbox's payment provider has in hand."""

    app_id: str
    seller_id: str
    private_key: str
    alipay_public_key: str
    gateway_url: str


@dataclass(frozen=True, slots=True)
class WechatMerchant:
    """What a merchant of the sandbox's WeChat Pay has in hand."""

    appid: str
    mchid: str
    serial_no: str
    private_key: str
    api_v3_key: str
    public_key: str
    public_key_id: str
    gateway_url: str


@dataclass(frozen=True, slots=True)
class StripeMerchant:
    """What an account at the sandbox's Stripe has in hand."""

    account: str
    secret_key: str
    webhook_secret: str
    webhook_url: str
    api_url: str


def new_key_pair() -> tuple[str, str]:
    """A merchant's private key (PKCS#1 PEM) and public key (PEM)."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), public.decode()


def until(condition: Callable[[], Any], *, seconds: float = 10) -> Any:
    """Waits until the condition gives something true, and returns it; fails when time is up."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if result := condition():
            return result
        time.sleep(0.05)
    raise AssertionError(f"Not within {seconds} s.")


@dataclass(slots=True)
class Sandbox:
    base_url: str
    smtp_port: int
    data: Path
    _process: subprocess.Popen[str] | None = None
    _http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self._http = httpx.Client(base_url=self.base_url, timeout=30, trust_env=False)

    @classmethod
    def start(cls, data: Path, **environ: str) -> Sandbox:
        settings = {
            "SANDBOX_DATA": str(data),
            "SANDBOX_PORT": "0",
            "SANDBOX_SMTP_PORT": "0",
            "SANDBOX_OSB_SECONDS": "0.4",
            "SANDBOX_NOTIFY_BACKOFF": "0.2,0.4,0.8",
            "SANDBOX_SMS_ACCESS_KEY_ID": SMS_KEY_ID,
            "SANDBOX_SMS_ACCESS_KEY_SECRET": SMS_KEY_SECRET,
            "PYTHONPATH": str(ROOT / "deploy"),
            **environ,
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "sandbox"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, **settings},
        )
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"The sandbox ended with status {process.wait()}.")
        ready = json.loads(line)
        return cls(ready["url"], int(ready["smtp_port"]), data, process)

    def stop(self) -> None:
        self._http.close()
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            if self._process.stdout is not None:
                self._process.stdout.close()

    def _json(self, method: str, path: str, **options: Any) -> Any:
        answer = self._http.request(method, path, **options)
        answer.raise_for_status()
        return answer.json()

    def fault(
        self,
        part: str,
        fault: str,
        *,
        times: int | None = 1,
        match: Mapping[str, Any] | None = None,
        **params: Any,
    ) -> int:
        """Arms a fault; `params` are its own, such as seconds=1."""
        body = {
            "part": part,
            "fault": fault,
            "times": times,
            "match": dict(match or {}),
            "params": params,
        }
        return int(self._json("POST", "/admin/faults", json=body)["id"])

    def faults(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._json("GET", "/admin/faults")
        return found

    def clear(self) -> None:
        """Takes every fault away. State stays."""
        self._json("DELETE", "/admin/faults")

    def register_merchant(self, app_id: str = "", *, name: str = "演示商户") -> Merchant:
        """A merchant with fresh keys; without an app id a new one."""
        app_id = app_id or f"2021{time.time_ns() % 10**12:012d}"
        private, public = new_key_pair()
        answer = self._json(
            "POST",
            "/admin/alipay/merchants",
            json={"app_id": app_id, "merchant_public_key": public, "name": name},
        )
        return Merchant(
            app_id=app_id,
            seller_id=answer["seller_id"],
            private_key=private,
            alipay_public_key=answer["alipay_public_key"],
            gateway_url=answer["gateway_url"],
        )

    def visit(self, url: str) -> httpx.Response:
        """Opens an address of the sandbox as a browser would, redirects included."""
        return self._http.get(url, follow_redirects=True)

    def register_wechat(self, *, name: str = "演示商户") -> WechatMerchant:
        """A new merchant of WeChat Pay with fresh keys."""
        private, public = new_key_pair()
        ours = {"serial_no": secrets.token_hex(20).upper(), "api_v3_key": secrets.token_hex(16)}
        answer = self._json(
            "POST",
            "/admin/wechat/merchants",
            json={
                "appid": f"wx{secrets.token_hex(8)}",
                "merchant_public_key": public,
                "name": name,
                **ours,
            },
        )
        return WechatMerchant(private_key=private, **ours, **answer)

    def register_stripe(
        self, *, webhook_url: str = "", account: str = "", name: str = "演示商户"
    ) -> StripeMerchant:
        """An account at Stripe; with `account` the address of its webhook is set anew."""
        body = {"account": account, "name": name, "webhook_url": webhook_url}
        return StripeMerchant(**self._json("POST", "/admin/stripe/accounts", json=body))

    def pay(self, number: str, *, app_id: str = "", provider: str = "alipay") -> dict[str, Any]:
        """The buyer pays a trade that the gateway has heard of."""
        body = {"out_trade_no": number, "app_id": app_id}
        paid: dict[str, Any] = self._json("POST", f"/admin/{provider}/pay", json=body)
        return paid

    def notify(self, number: str, *, provider: str = "alipay", **options: Any) -> dict[str, Any]:
        """Builds a notification, and posts it unless deliver=False; see the how-to for options."""
        body = {"out_trade_no": number, **options}
        built: dict[str, Any] = self._json("POST", f"/admin/{provider}/notify", json=body)
        return built

    def trade(self, number: str) -> dict[str, Any] | None:
        found = self._json("GET", "/admin/alipay/trades", params={"out_trade_no": number})
        return found[0] if found else None

    def trades(self) -> list[dict[str, Any]]:
        """Newest first."""
        found: list[dict[str, Any]] = self._json("GET", "/admin/alipay/trades")
        return found

    def notices(self, number: str) -> list[dict[str, Any]]:
        """Newest first."""
        found: list[dict[str, Any]] = self._json(
            "GET", "/admin/alipay/notices", params={"out_trade_no": number}
        )
        return found

    def put_catalog(self, slug: str, plans: list[dict[str, Any]], **options: Any) -> dict[str, Any]:
        body = {"username": slug, "password": f"{slug}-password", "plans": plans, **options}
        put: dict[str, Any] = self._json("PUT", f"/admin/suppliers/{slug}/catalog", json=body)
        return put

    def instances(self, slug: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._json("GET", f"/admin/suppliers/{slug}/instances")
        return found

    def inbox(self, to: str = "") -> list[dict[str, Any]]:
        """Messages to this number or address, newest first."""
        found: list[dict[str, Any]] = self._json("GET", "/inbox.json", params={"to": to})
        return found


@dataclass(slots=True)
class Listener:
    """A merchant's notify address: keeps raw bodies, answers what it is told to."""

    port: int
    bodies: list[bytes] = field(default_factory=list)
    hosts: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://shop.localhost:{self.port}/notify"


def listen() -> tuple[Listener, ThreadingHTTPServer]:
    listener = Listener(port=0)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            listener.bodies.append(self.rfile.read(length))
            listener.hosts.append(self.headers["Host"])
            listener.headers.append(dict(self.headers.items()))
            answer = listener.answers.pop(0) if listener.answers else "success"
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer.encode())

        def log_message(self, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 128

    server = Server(("127.0.0.1", 0), Handler)
    listener.port = server.server_port
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return listener, server


@pytest.fixture(scope="session")
def sandbox_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    process = Sandbox.start(tmp_path_factory.mktemp("sandbox"))
    yield process
    process.stop()


@pytest.fixture
def sandbox(sandbox_process: Sandbox) -> Iterator[Sandbox]:
    """The one sandbox of the run, with no fault armed before and after."""
    sandbox_process.clear()
    yield sandbox_process
    sandbox_process.clear()


@pytest.fixture
def listener() -> Iterator[Listener]:
    found, server = listen()
    yield found
    server.shutdown()
    server.server_close()
