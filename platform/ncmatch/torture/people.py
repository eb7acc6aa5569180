"""Customers of several shops, over the API and the pages, who ask again when they got no answer."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
from django.conf import settings

from ncmatch import services
from ncmatch.demo.play import PlayFailed, Visitor, press_pay
from ncmatch.demo.tree import CUSTOMER_PHONE, PASSWORD

PATIENCE = 40.0  # seconds to ask again for one thing
METHOD = "ALIPAY_PAGE"


class NoAnswer(Exception):
    """Nothing answered for as long as a person would wait."""


@dataclass
class Shopper:
    """One person at one shop, acting in a thread until told to stop. `did` counts what was answered."""

    slug: str
    token: str
    plans: list[str]
    seed: str
    stop: threading.Event
    did: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)  # noqa: S311  repeatable, not secret
        host = f"{self.slug}.{settings.EXCHANGE_HOST}:{services.web_port()}"
        self.http = httpx.Client(
            base_url=f"http://127.0.0.1:{services.web_port()}/api/v1/",
            headers={"Host": host, "Authorization": f"Bearer {self.token}"},
            timeout=10,
            trust_env=False,
        )

    def run(self) -> None:
        acts: dict[Callable[[], None], int] = {
            self.recharge: 4,
            self.buy_from_balance: 4,
            self.buy_with_alipay: 3,
            self.change_of_mind: 2,
            self.give_back: 1,
        }
        while not self.stop.is_set():
            (act,) = self.chance.choices(list(acts), list(acts.values()))
            name = getattr(act, "__name__", "")
            try:
                act()
            except (NoAnswer, PlayFailed, httpx.HTTPError) as trouble:
                self.did[f"{name} gave up: {type(trouble).__name__}"] += 1
            except Exception as surprise:  # noqa: BLE001  nonsense told to a person is a finding
                self.broken.append(f"{self.slug} {name}: {surprise!r}")
            self.stop.wait(self.chance.uniform(0, 0.3))
        self.http.close()

    def recharge(self) -> None:
        amount = f"{self.chance.randint(1, 300)}.{self.chance.randint(0, 99):02d}"
        status, told = self._ask("POST", "recharges", {"amount": amount, "method": METHOD})
        self._count("recharge", status)
        if status == 201 and self.chance.random() < 0.85:
            self._press(told)

    def buy_from_balance(self) -> None:
        order = self._order()
        if order is not None:
            status, _ = self._ask("POST", f"orders/{order}/pay", {"method": "BALANCE"})
            self._count("pay from balance", status)

    def buy_with_alipay(self) -> None:
        order = self._order()
        if order is not None:
            status, told = self._ask("POST", f"orders/{order}/pay", {"method": METHOD})
            self._count("pay with Alipay", status)
            if status == 200 and self.chance.random() < 0.85:
                self._press(told["payment"])

    def change_of_mind(self) -> None:
        """Pays and cancels at the same moment: one of both wins, and the money knows which."""
        order = self._order()
        if order is None:
            return
        status, told = self._ask("POST", f"orders/{order}/pay", {"method": METHOD})
        if status != 200:
            return
        paying = threading.Thread(target=self._press_quietly, args=(told["payment"],))
        paying.start()
        status, _ = self._ask("POST", f"orders/{order}/cancel", {"reason": "改变主意"})
        paying.join()
        self._count("cancel while paying", status)

    def give_back(self) -> None:
        status, told = self._ask("GET", "resources?state=RUNNING", None)
        if status != 200 or not told["items"]:
            return
        resource = self.chance.choice(told["items"])["id"]
        visitor = Visitor(f"{self.slug}.{settings.EXCHANGE_HOST}")
        visitor.get("/accounts/login/")
        visitor.send(
            "/accounts/login/", {"login": CUSTOMER_PHONE.removeprefix("+86"), "password": PASSWORD}
        )
        visitor.get(f"/resources/{resource}/")
        visitor.send(
            f"/resources/{resource}/give-back/",
            {"hours": "", "to": self.chance.choice(("BALANCE", "SOURCE"))},
        )
        self.did["give back"] += 1

    def _order(self) -> str | None:
        items = [
            {
                "plan_id": self.chance.choice(self.plans),
                "quantity": self.chance.randint(1, 2),
                "hours": self.chance.randint(1, 3),
            }
        ]
        status, quote = self._ask("POST", "quotes", {"items": items})
        if status != 200:
            return None
        body = {
            "items": items,
            "shown_total": quote["total"],
            "terms_version": quote["terms_version"],
        }
        status, order = self._ask("POST", "orders", body)
        self._count("order", status)
        return str(order["id"]) if status == 201 else None

    def _press(self, payment: dict[str, Any]) -> None:
        if payment.get("redirect_url"):
            press_pay(payment["redirect_url"])
            self.did["pressed 支付"] += 1

    def _press_quietly(self, payment: dict[str, Any]) -> None:
        try:
            self._press(payment)
        except (PlayFailed, httpx.HTTPError):
            self.did["cashier refused"] += 1

    def _ask(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        """Until it is answered: with the same key, so that what was done unheard is not done twice."""
        key = str(uuid4())
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                answer = self.http.request(
                    method, path, json=body, headers={"Idempotency-Key": key}
                )
            except httpx.HTTPError:
                time.sleep(0.3)
                continue
            if answer.status_code >= 500 or answer.status_code == 429:
                self.did[f"asked again after {answer.status_code}"] += 1
                time.sleep(0.5)
                continue
            if _in_flight(answer):
                time.sleep(0.3)
                continue
            return answer.status_code, answer.json() if answer.content else {}
        raise NoAnswer(path)

    def _count(self, what: str, status: int) -> None:
        self.did[what if status < 400 else f"{what}: {status}"] += 1


def _in_flight(answer: httpx.Response) -> bool:
    return answer.status_code == 409 and "in_flight" in answer.text
