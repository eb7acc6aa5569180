"""The main job, played over HTTP as a person would: find, pay with Alipay, get a running resource."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from html import unescape
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
from django.conf import settings

from ncmatch import services

from .tree import CUSTOMER_PHONE, PASSWORD

PATIENCE = 60.0  # seconds to wait for the machine


class PlayFailed(Exception):
    """A step of the main job did not go as it should; the message says which and why."""


@dataclass
class Story:
    shop: str
    order: str = ""
    order_state: str = ""
    resource_state: str = ""
    amount: str = ""
    access: bool = False
    seconds: dict[str, float] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class Visitor:
    """A browser of one host: keeps cookies, follows redirects, sends forms with their token."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.base = f"http://127.0.0.1:{services.web_port()}"
        self.http = httpx.Client(
            trust_env=False, timeout=30, headers={"Host": f"{host}:{services.web_port()}"}
        )
        self.page = ""

    def get(self, path: str) -> str:
        return self._took(self.http.get(self.base + path))

    def send(self, path: str, fields: dict[str, str]) -> str:
        token = self.http.cookies.get("csrftoken") or self._form_token()
        answer = self.http.post(
            self.base + path,
            data={"csrfmiddlewaretoken": token} | fields,
            headers={"Referer": f"http://{self.host}:{services.web_port()}{path}"},
        )
        return self._took(answer)

    def _form_token(self) -> str:
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.page)
        return found[1] if found else ""

    def _took(self, answer: httpx.Response) -> str:
        for _ in range(10):
            if answer.status_code not in (301, 302, 303):
                break
            there = urlsplit(urljoin(str(answer.url), answer.headers["Location"]))
            answer = self.http.get(
                self.base + there.path + (f"?{there.query}" if there.query else "")
            )
        self.path = answer.url.path
        self.page = answer.text
        if answer.status_code >= 400:
            raise PlayFailed(f"{answer.url.path} 返回 {answer.status_code}")
        return self.page

    def find(self, pattern: str, what: str) -> str:
        found = re.search(pattern, self.page)
        if found is None:
            raise PlayFailed(f"{self.path} 上没有{what}")
        return unescape(found[1])


@contextmanager
def _step(story: Story, name: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    story.seconds[name] = round(time.perf_counter() - started, 2)


def play(slug: str, *, query: str = "A100 80G") -> Story:
    """Plays the whole main job on one shop; raises PlayFailed at the first step that is not as it should be."""
    story = Story(shop=slug)
    visitor = Visitor(f"{slug}.{settings.EXCHANGE_HOST}")
    with _step(story, "find"):
        visitor.get("/")
        visitor.get(f"/offers/?q={query}")
        offer = visitor.find(r'href="(/offers/[0-9a-f-]{36}/)"', "任何产品")
        visitor.get(f"{offer}?hours=1&quantity=1")
        plan = visitor.find(r'name="plan" value="([0-9a-f-]{36})"', "计费方案")
    with _step(story, "log_in"):
        visitor.get("/accounts/login/")
        visitor.send(
            "/accounts/login/", {"login": CUSTOMER_PHONE.removeprefix("+86"), "password": PASSWORD}
        )
    with _step(story, "order"):
        visitor.get(offer)
        visitor.send(
            "/cart/add/", {"plan": plan, "hours": "1", "quantity": "1", "then": "checkout"}
        )
        fields = {
            "request_key": visitor.find(r'name="request_key" value="([^"]+)"', "订单标识"),
            "quote": visitor.find(r'name="quote" value="([^"]+)"', "报价"),
            "agree": visitor.find(r'name="agree" value="([^"]+)"', "服务条款"),
            "pay_by": "ALIPAY_PAGE",
        }
        visitor.send("/checkout/", fields)
        story.order = visitor.find(r"\b(O\d{6}[0-9A-Z]{8})\b", "订单号")
        order_path = visitor.path.removesuffix("pay/")
    with _step(story, "pay"):
        cashier = visitor.find(r'href="([^"]+gateway\.do[^"]+)"', "收银台链接")
        story.amount = press_pay(cashier)
    with _step(story, "open"):
        _wait_until_open(visitor, order_path)
        visitor.get(order_path)
        resource = visitor.find(r'href="(/resources/[0-9a-f-]{36}/)"', "资源")
        visitor.get(resource)
        story.resource_state = "RUNNING" if "运行中" in visitor.page else "UNKNOWN"
        story.order_state = "COMPLETED"
    with _step(story, "enter"):
        visitor.send(f"{resource}access/", {})
        story.access = "ssh" in visitor.page
    return story


def press_pay(cashier: str) -> str:
    """Opens the provider's cashier page and presses 支付, as the buyer would."""
    with httpx.Client(trust_env=False, timeout=30, follow_redirects=True) as http:
        page = http.get(cashier)
        amount = re.search(r"¥\s*([0-9,]+\.\d\d)", page.text)
        answer = http.post(
            str(page.url).partition("?")[0], data={"action": "pay"}, follow_redirects=False
        )
    if answer.status_code >= 400:
        raise PlayFailed(f"收银台返回 {answer.status_code}")
    return amount[1] if amount else ""


def _wait_until_open(visitor: Visitor, order_path: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        page = visitor.get(f"{order_path}state/")
        if "已完成" in page and "已开通" in page:
            return
        if "开通失败" in page:
            raise PlayFailed("订单开通失败")
        time.sleep(0.5)
    raise PlayFailed(f"{PATIENCE:.0f} 秒内没有开通")
